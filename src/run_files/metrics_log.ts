// metrics.jsonl: one line a step, appended as the run goes and cut back to its checkpoint when it resumes.

import { createHash, type Hash } from 'node:crypto';
import { join } from 'node:path';
import type { Metrics, MetricsLog } from '../training/types.ts';
import { spellNumber } from '../util/json.ts';
import { filterLines, LineAppender, parseLines, readLines, repairTail } from '../util/json_lines.ts';
import { isBoolean, isCount, isNumber, isRecordOf, isString, jsonShape, type Shape } from '../util/json_shape.ts';
import { unspellNumber } from './numbers.ts';

export type Row = { step: number } & Metrics;

const isMetric = (value: unknown): value is Metrics[string] => isNumber(value) || isString(value) || isBoolean(value);

const numbered = jsonShape<{ step: number }>({ step: isCount });
const metrics = isRecordOf(isMetric);
const rowShape: Shape<Row> = {
  is: (value: unknown): value is Row => numbered.is(value) && metrics(value),
  problem: (value) =>
    numbered.problem(value) ?? (metrics(value) ? null : 'holds a metric that is no number, string or boolean'),
};

export class MetricsFile implements MetricsLog {
  readonly #path: string;
  readonly #lines: LineAppender;
  readonly #lost: AbortSignal;
  #lastStep: number | undefined;
  /** Of all lines so far. */
  #hash: Hash;

  private constructor(path: string, lost: AbortSignal, lastStep: number | undefined, hash: Hash) {
    this.#path = path;
    this.#lost = lost;
    this.#lines = new LineAppender(path, lost);
    this.#lastStep = lastStep;
    this.#hash = hash;
  }

  /** Opens the log of a run directory for the holder of its lease until that is `lost`, and repairs a line that a kill cut short. */
  static async open(directory: string, lost: AbortSignal): Promise<MetricsFile> {
    const path = join(directory, 'metrics.jsonl');
    await repairTail(path);
    return new MetricsFile(path, lost, (await readRows(path)).at(-1)?.step, hashOf(await readLines(path)));
  }

  async append(step: number, metrics: Metrics): Promise<void> {
    if ('step' in metrics) throw new Error('"step" is the name of the column that numbers the rows, not of a metric');
    if (this.#lastStep !== undefined && step <= this.#lastStep)
      throw new Error(`step ${step} was logged after step ${this.#lastStep}`);
    const line = JSON.stringify({ step, ...metrics }, spellNumber);
    this.#lines.append(line);
    this.#hash.update(`${line}\n`);
    this.#lastStep = step;
  }

  async rewind(step: number): Promise<void> {
    const steps = (await readRows(this.#path)).map((row) => row.step);
    this.#lost.throwIfAborted();
    this.#lines.close();
    await filterLines(this.#path, (index) => (steps[index] ?? step) < step);
    this.#lastStep = steps.findLast((logged) => logged < step);
    this.#hash = hashOf(await readLines(this.#path));
  }

  /** Tells the rows so far from any others. */
  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  /** What `digest` was when the rows were those of the steps before this one. */
  async digestBefore(step: number): Promise<string> {
    const steps = (await readRows(this.#path)).map((row) => row.step);
    const lines = await readLines(this.#path);
    return hashOf(lines.filter((_, index) => (steps[index] ?? step) < step)).digest('hex');
  }

  async read(): Promise<Row[]> {
    return await readRows(this.#path);
  }

  /** Makes every row so far survive a power cut. */
  async flush(): Promise<void> {
    await this.#lines.flush();
  }

  close(): void {
    this.#lines.close();
  }
}

function hashOf(lines: readonly string[]): Hash {
  const hash = createHash('sha256');
  for (const line of lines) hash.update(`${line}\n`);
  return hash;
}

async function readRows(path: string): Promise<Row[]> {
  return (await parseLines(path, rowShape)).map(rowOf);
}

/** The row of one line of the log; null for a line that holds none. */
export function parseRow(line: string): Row | null {
  try {
    const value: unknown = JSON.parse(line);
    return rowShape.is(value) ? rowOf(value) : null;
  } catch {
    return null;
  }
}

function rowOf({ step, ...metrics }: Row): Row {
  const values = Object.entries(metrics).map(([name, value]) => [name, unspellNumber(value)]);
  return { step, ...Object.fromEntries(values) };
}
