// Results of evaluations, as a page of the board asks for them: read by one reader at a time, and not again before many times as long
// has passed.

import type { RunEntry } from '../report/run_entry.ts';
import { type BenchmarkScores, readScores } from '../report/scoreboard.ts';

export interface ScoresOptions {
  directories: readonly string[];
  cwd: string;
}

export interface ScoresView {
  benchmarks: BenchmarkScores[];
  /** What could not be read, one line each. */
  problems: string[];
}

/** Of the time since the last reading has begun, what readings may take. */
const SHARE = 50;

export class Scores {
  readonly #options: ScoresOptions;
  #reading: Promise<ScoresView> | null = null;
  #last: ScoresView | null = null;
  #dueAt = 0;

  constructor(options: ScoresOptions) {
    this.#options = options;
  }

  /** Those that were read last, or are read now where that is due. */
  async of(entries: () => readonly RunEntry[]): Promise<ScoresView> {
    if (this.#last !== null && performance.now() < this.#dueAt) return this.#last;
    this.#reading ??= this.#read(entries()).finally(() => {
      this.#reading = null;
    });
    return await this.#reading;
  }

  async close(): Promise<void> {
    await this.#reading?.catch(() => undefined);
  }

  async #read(entries: readonly RunEntry[]): Promise<ScoresView> {
    const begun = performance.now();
    const { benchmarks, notices: problems } = await readScores(entries, this.#options);
    this.#last = { benchmarks, problems };
    this.#dueAt = performance.now() + (performance.now() - begun) * SHARE;
    return this.#last;
  }
}
