// The metrics of one run as lines to draw. Its log is read piece by piece, and again only from where it was read up to; of a log that
// is larger than its share, blocks that lie evenly in it are read.

import { type FileHandle, open } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { foreignLinesIn, foreignObjectIn } from '../run_files/foreign_json.ts';
import { messageOf } from '../util/errors.ts';
import { bytesAt, ReadPlace } from '../util/growing_file.ts';
import { numberOf } from '../util/json.ts';
import { plural } from '../util/plural.ts';
import { READ_FLAGS, refuseIrregular } from '../util/regular_file.ts';
import { metricNumber } from './last_values.ts';
import { Points } from './points.ts';

export interface Series {
  metric: string;
  steps: number[];
  /** Null for what is no finite number: the line has a gap there. */
  values: (number | null)[];
  /** Points that were logged. */
  logged: number;
}

/** What is read before others get a turn. */
export const PIECE_BYTES = 2 ** 20;
/** A longer one is passed over. */
const LONGEST_LINE = 8 * 2 ** 20;
/** Of a line that is shown; a screen has not many more columns. */
const MOST_POINTS = 600;
/** Of a run; those that it is judged by are taken in beyond that. */
const MOST_METRICS = 500;
const MOST_TELLING = 100;
/** Names of metrics that are left out, as far as they are counted. */
const MOST_COUNTED = 10_000;

export class RunSeries {
  readonly #file: string;
  readonly #place = new ReadPlace();
  #points = new Map<string, Points>();
  /** Metrics that are taken in however many there are. */
  #telling: ReadonlySet<string> = new Set();
  readonly #leftOut = new Set<string>();
  #rows = 0;
  #damaged = 0;
  /** What was passed over, and how much was read at once when that was. */
  #unread = 0;
  #most = 0;
  #failure: string | null = null;

  constructor(file: string) {
    this.#file = file;
  }

  /**
   * Takes in what is new of the log, at most so many bytes. Never throws.
   * @param telling what the run is judged by
   */
  async read(most: number, telling: readonly string[] = []): Promise<void> {
    const admitted = new Set(telling.slice(0, MOST_TELLING));
    const isMissed = this.#leftOut.size > 0 && [...admitted].some((metric) => !this.#telling.has(metric));
    this.#telling = admitted;
    if (isMissed) this.#forget();
    try {
      const file = await open(this.#file, READ_FLAGS);
      try {
        const stats = await file.stat();
        refuseIrregular(stats, Number.POSITIVE_INFINITY);
        if (!(await this.#place.isIn(file, stats)) || (this.#unread > 0 && most > this.#most)) this.#forget();
        if (stats.size - this.#place.offset <= most) await this.#readAll(file, stats);
        else await this.#readBlocks(file, stats, most);
      } finally {
        await file.close();
      }
      this.#failure = null;
    } catch (error) {
      this.#forget();
      this.#failure = `metrics.jsonl: ${messageOf(error)}`;
    }
  }

  /** Points in memory. */
  get size(): number {
    return [...this.#points.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Of the metrics that have a number, in the order of the file. */
  get metrics(): string[] {
    return [...this.#points.keys()];
  }

  series(metric: string): Series | null {
    const points = this.#points.get(metric);
    return points === undefined ? null : { metric, ...points.shown(MOST_POINTS), logged: points.logged };
  }

  /** Metrics that are taken in when they are logged for the first time; null: any. */
  get admits(): string[] | null {
    if (this.#points.size < MOST_METRICS) return null;
    return [...this.#telling].filter((metric) => !this.#points.has(metric));
  }

  /** What is left out or could not be read; null where all is there. */
  get problem(): string | null {
    if (this.#failure !== null) return this.#failure;
    const problems = [this.#passedOver, this.#uncharted].filter((each) => each !== null);
    return problems.length === 0 ? null : problems.join('; ');
  }

  get #passedOver(): string | null {
    const megabytes = Math.ceil(this.#unread / 2 ** 20);
    if (megabytes > 0) return `metrics.jsonl is long: ${megabytes} MiB of it are passed over, evenly, in what is drawn`;
    if (this.#damaged === 0) return null;
    return `${this.#damaged} ${this.#damaged === 1 ? 'line' : 'lines'} of metrics.jsonl ${this.#damaged === 1 ? 'is' : 'are'} damaged`;
  }

  get #uncharted(): string | null {
    const { size } = this.#leftOut;
    if (size === 0) return null;
    const count = size === MOST_COUNTED ? `${size} metrics or more` : plural(size, 'metric');
    return `${count} of the run left out: there are more than ${MOST_METRICS}`;
  }

  async #readAll(file: FileHandle, { ino, size }: { ino: number; size: number }): Promise<void> {
    for (let length = PIECE_BYTES; this.#place.offset < size; ) {
      const { offset } = this.#place;
      const bytes = await bytesAt(file, offset, Math.min(length, size - offset));
      const isRest = offset + bytes.length >= size;
      const end = bytes.lastIndexOf(NEWLINE) + 1;
      // A last line without its newline may be one that a writer is at, unless it is an object already.
      if (end === 0 && isRest && foreignObjectIn(bytes.toString('utf8')) === null) return;
      if (end === 0 && !isRest && length < LONGEST_LINE) {
        length *= 2;
        continue;
      }
      const taken = bytes.subarray(0, end === 0 ? bytes.length : end);
      this.#take(taken);
      this.#place.advance(taken, ino);
      length = PIECE_BYTES;
      await turn();
    }
  }

  /** The first and the last of them are the beginning and the end. */
  async #readBlocks(file: FileHandle, { ino, size }: { ino: number; size: number }, most: number): Promise<void> {
    const begin = this.#place.offset;
    const blocks = Math.max(2, Math.floor(most / PIECE_BYTES));
    for (let block = 0; block < blocks; block++) {
      const at = begin + Math.floor((block * (size - PIECE_BYTES - begin)) / (blocks - 1));
      const bytes = await bytesAt(file, at, PIECE_BYTES);
      const start = block === 0 ? 0 : bytes.indexOf(NEWLINE) + 1;
      const end = bytes.lastIndexOf(NEWLINE) + 1;
      if (end > start) this.#take(bytes.subarray(start, end));
      if (block === blocks - 1) this.#place.advance(bytes.subarray(0, end === 0 ? bytes.length : end), ino, at);
      await turn();
    }
    this.#unread += size - begin - blocks * PIECE_BYTES;
    // Who asks for less, as a page of many runs does, and passes over nothing, is no reason to read what is known again.
    this.#most = most;
  }

  #take(bytes: Buffer): void {
    const { objects, damaged } = foreignLinesIn(bytes.toString('utf8'));
    this.#damaged += damaged;
    for (const row of objects) {
      const step = numberOf(row.step) ?? this.#rows;
      this.#rows += 1;
      for (const [metric, value] of Object.entries(row)) {
        const number = metric === 'step' ? null : metricNumber(value);
        const points = this.#points.get(metric);
        if (number === null) continue;
        if (points === undefined && this.#points.size >= MOST_METRICS && !this.#telling.has(metric)) {
          if (this.#leftOut.size < MOST_COUNTED) this.#leftOut.add(metric);
          continue;
        }
        const of = points ?? new Points();
        of.add(step, number);
        this.#points.set(metric, of);
      }
    }
  }

  #forget(): void {
    this.#place.forget();
    this.#points = new Map();
    this.#leftOut.clear();
    this.#rows = 0;
    this.#damaged = 0;
    this.#unread = 0;
    this.#most = 0;
  }
}

const NEWLINE = 0x0a;
