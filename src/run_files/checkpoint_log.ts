// checkpoints.jsonl: one line a save. Resuming depends on it, so a line is on the device before the run goes on.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CheckpointLog, CheckpointRecord } from '../training/types.ts';
import { entriesOf, explainingFailure } from '../util/files.ts';
import { isJsonObject, type JsonObject, spellNumber } from '../util/json.ts';
import { filterLines, LineAppender, parseLines, repairTail } from '../util/json_lines.ts';
import { isBoolean, isCount, isOptional, isString, jsonShape } from '../util/json_shape.ts';
import { tidyDirectories } from '../util/replace_directory.ts';
import { checkpointPlace, type Digests, digestsOf, digestsShape, verifyDigests } from './checkpoint_digests.ts';

const FILE = 'checkpoints.jsonl';

const DAMAGED_HINT =
  'Put it back as it was; or delete the line of this checkpoint from checkpoints.jsonl to go on from the one before; or start afresh with if_exists=delete.';

/** Names that loops give to checkpoints. What has another name is somebody else's. */
const NAMED_BY_LOOP = /^((best-)?\d{6,}|final)$/;

/** In the file, as the Python cookbook writes it, the keys of `extra` stand beside the others. */
type Line = Omit<CheckpointRecord, 'extra'> & { digests?: Digests };

const FIELDS = {
  name: isString,
  batch: isCount,
  epoch: isCount,
  final: isOptional(isBoolean),
  state_path: isOptional(isString),
  sampler_path: isOptional(isString),
  rolling: isOptional(isBoolean),
  best: isOptional(isBoolean),
  digests: isOptional(digestsShape.is),
};

const lineShape = jsonShape<Line>(FIELDS);

/** The rows that a checkpoint stands for. */
export interface LoggedRows {
  /** Makes them durable. */
  flush(): Promise<void>;
  /** Tells them from any others. */
  digest(): string;
  /** What `digest` was when the rows were those of the steps before this one. */
  digestBefore(step: number): Promise<string>;
}

export class CheckpointFile implements CheckpointLog {
  readonly #directory: string;
  readonly #path: string;
  readonly #lines: LineAppender;
  readonly #lost: AbortSignal;
  readonly #rows: LoggedRows;

  private constructor(directory: string, lost: AbortSignal, rows: LoggedRows) {
    this.#directory = directory;
    this.#path = join(directory, FILE);
    this.#lost = lost;
    this.#lines = new LineAppender(this.#path, lost);
    this.#rows = rows;
  }

  /**
   * Opens the log of a run directory for the holder of its lease until that is `lost`, and repairs a line that a kill cut short.
   * A checkpoint must not outlive the rows of the steps that it stands for, so these are made durable before it is.
   */
  static async open(directory: string, lost: AbortSignal, rows: LoggedRows): Promise<CheckpointFile> {
    await repairTail(join(directory, FILE));
    return new CheckpointFile(directory, lost, rows);
  }

  async append({ extra = {}, ...record }: CheckpointRecord): Promise<void> {
    const clash = Object.keys(extra).find((key) => Object.hasOwn(FIELDS, key));
    if (clash !== undefined) throw new Error(`"${clash}" is a field of checkpoints.jsonl and cannot be an extra one`);
    await this.#rows.flush();
    const line = asWritten({ ...record, ...extra });
    const paths = [record.state_path, record.sampler_path].filter((path) => path !== undefined);
    const digests =
      paths.length === 0 ? {} : { digests: await digestsOf(this.#directory, line, paths, this.#rows.digest()) };
    this.#lines.append(JSON.stringify({ ...line, ...digests }));
    await this.#lines.flush();
  }

  async remove(name: string): Promise<void> {
    const records = await this.list();
    this.#lost.throwIfAborted();
    this.#lines.close();
    await filterLines(this.#path, (index) => records[index]?.name !== name);
  }

  async list(): Promise<CheckpointRecord[]> {
    return await readRecords(this.#path);
  }

  /** A line without digests is one from before there were any: there is nothing to hold it against. */
  async verify({ name, batch, final, state_path, sampler_path }: CheckpointRecord): Promise<void> {
    const found = (await parseLines(this.#path, lineShape)).findLast((line) => line.name === name);
    if (found?.digests === undefined) return;
    const { digests, ...line } = found;
    // What a run ends with is handed on as it is. Weights for sampling from before its end may be deleted to save room.
    const paths = [state_path, final === true ? sampler_path : undefined].filter((path) => path !== undefined);
    const metrics = await this.#rows.digestBefore(batch);
    await verifyDigests(
      this.#directory,
      { name, line: asWritten(line), digests, hint: DAMAGED_HINT },
      { metrics, paths },
    );
  }

  async tidy(): Promise<void> {
    const places = new Set(
      (await this.list()).flatMap(({ state_path, sampler_path }) =>
        [state_path, sampler_path].map((path) => path !== undefined && checkpointPlace(this.#directory, path)),
      ),
    );
    const root = join(this.#directory, 'checkpoints');
    await explainingFailure('tidy', root, async () => {
      for (const kind of await directoriesIn(root)) {
        await tidyDirectories(join(root, kind));
        for (const name of await directoriesIn(join(root, kind))) {
          const place = join(root, kind, name);
          if (NAMED_BY_LOOP.test(name) && !places.has(place)) await rm(place, { recursive: true, force: true });
        }
      }
    });
  }

  close(): void {
    this.#lines.close();
  }
}

/** The checkpoints of a run directory, read without disturbing a process that writes there. */
export async function listCheckpoints(directory: string): Promise<CheckpointRecord[]> {
  return await readRecords(join(directory, FILE));
}

/** Takes the line of a checkpoint out of the log. Only for the holder of the lease, while nothing runs there. */
export async function forgetCheckpoint(directory: string, name: string): Promise<void> {
  const path = join(directory, FILE);
  await repairTail(path);
  const records = await readRecords(path);
  await filterLines(path, (index) => records[index]?.name !== name);
}

async function readRecords(path: string): Promise<CheckpointRecord[]> {
  return (await parseLines(path, lineShape)).map(recordOf);
}

function recordOf(line: Line): CheckpointRecord {
  const { name, batch, epoch, final, state_path, sampler_path, rolling, best, digests: _, ...extra } = line;
  const record = { name, batch, epoch, final, state_path, sampler_path, rolling, best };
  return isJsonObject(extra) && Object.keys(extra).length > 0 ? { ...record, extra } : record;
}

/** A value as it comes back from the file. */
function asWritten(value: object): JsonObject {
  const read: unknown = JSON.parse(JSON.stringify(value, spellNumber));
  return isJsonObject(read) ? read : {};
}

async function directoriesIn(path: string): Promise<string[]> {
  return (await entriesOf(path)).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}
