// checkpoints.jsonl: one line a save. Resuming depends on it, so a line is on the device before the run goes on.

import { join } from 'node:path';
import type { CheckpointLog, CheckpointRecord } from '../training/types.ts';
import { filterLines, LineAppender, parseLines, repairTail } from '../util/json_lines.ts';
import {
  isBoolean,
  isCount,
  isNumber,
  isOptional,
  isRecordOf,
  isString,
  jsonShape,
  type Shape,
} from '../util/json_shape.ts';
import { spellNumber } from './numbers.ts';

const FILE = 'checkpoints.jsonl';

/** In the file, as the Python cookbook writes it, the keys of `extra` stand beside the others. */
type Line = Omit<CheckpointRecord, 'extra'> & Record<string, unknown>;

const FIELDS = {
  name: isString,
  batch: isCount,
  epoch: isCount,
  final: isOptional(isBoolean),
  state_path: isOptional(isString),
  sampler_path: isOptional(isString),
  rolling: isOptional(isBoolean),
};

const fields = jsonShape<Omit<CheckpointRecord, 'extra'>>(FIELDS);
const isExtra = isRecordOf((value: unknown): value is number | string => isNumber(value) || isString(value));

const lineShape: Shape<Line> = {
  is: (value: unknown): value is Line => lineShape.problem(value) === null,
  problem: (value) => {
    const wrong = fields.problem(value);
    if (wrong !== null || !fields.is(value)) return wrong;
    return isExtra(split(value).extra) ? null : 'holds an extra field that is neither a number nor a string';
  },
};

function split({ name, batch, epoch, final, state_path, sampler_path, rolling, ...extra }: Line) {
  return { record: { name, batch, epoch, final, state_path, sampler_path, rolling }, extra };
}

export class CheckpointFile implements CheckpointLog {
  readonly #path: string;
  readonly #lines: LineAppender;
  readonly #flushRows: () => Promise<void>;

  private constructor(path: string, lost: AbortSignal, flushRows: () => Promise<void>) {
    this.#path = path;
    this.#lines = new LineAppender(path, lost);
    this.#flushRows = flushRows;
  }

  /**
   * Opens the log of a run directory for the holder of its lease until that is `lost`, and repairs a line that a kill cut short.
   * `flushRows` makes the metrics so far durable: a checkpoint must not outlive the rows of the steps that it stands for.
   */
  static async open(directory: string, lost: AbortSignal, flushRows: () => Promise<void>): Promise<CheckpointFile> {
    const path = join(directory, FILE);
    await repairTail(path);
    return new CheckpointFile(path, lost, flushRows);
  }

  async append({ extra = {}, ...record }: CheckpointRecord): Promise<void> {
    const clash = Object.keys(extra).find((key) => Object.hasOwn(FIELDS, key));
    if (clash !== undefined) throw new Error(`"${clash}" is a field of checkpoints.jsonl and cannot be an extra one`);
    await this.#flushRows();
    this.#lines.append(JSON.stringify({ ...record, ...extra }, spellNumber));
    await this.#lines.flush();
  }

  async remove(name: string): Promise<void> {
    const records = await this.list();
    this.#lines.close();
    await filterLines(this.#path, (index) => records[index]?.name !== name);
  }

  async list(): Promise<CheckpointRecord[]> {
    return await readRecords(this.#path);
  }

  close(): void {
    this.#lines.close();
  }
}

/** The checkpoints of a run directory, read without disturbing a process that writes there. */
export async function listCheckpoints(directory: string): Promise<CheckpointRecord[]> {
  return await readRecords(join(directory, FILE));
}

async function readRecords(path: string): Promise<CheckpointRecord[]> {
  const lines = await parseLines(path, lineShape);
  return lines.map((line) => {
    const { record, extra } = split(line);
    return isExtra(extra) && Object.keys(extra).length > 0 ? { ...record, extra } : record;
  });
}
