// The metrics of the runs that somebody looks at, kept so that what is asked for again costs what has been logged since.

import { PIECE_BYTES, RunSeries } from './run_series.ts';
import { Turns } from './turns.ts';

/** Of one answer, of all its logs together, and of one of them. */
const MOST_BYTES = 64 * 2 ** 20;
const MOST_OF_ONE = 32 * 2 ** 20;
/** In memory, of all runs together: 64 MiB. */
const MOST_POINTS = 4 * 2 ** 20;

export interface Log {
  file: string;
  /** What its run is judged by. */
  telling: readonly string[];
}

export class SeriesStore {
  /** By file, those that were asked for last behind the others. */
  readonly #known = new Map<string, RunSeries>();
  readonly #turns = new Turns('other runs are being read: ask again');

  /** @throws ConfigurationError while too many others wait */
  async read(logs: readonly Log[]): Promise<RunSeries[]> {
    return await this.#turns.take(async () => {
      const most = Math.max(2 * PIECE_BYTES, Math.min(MOST_OF_ONE, Math.floor(MOST_BYTES / logs.length)));
      const read: RunSeries[] = [];
      for (const { file, telling } of logs) {
        const series = this.#known.get(file) ?? new RunSeries(file);
        this.#known.delete(file);
        this.#known.set(file, series);
        await series.read(most, telling);
        read.push(series);
      }
      this.#letGo(logs.map(({ file }) => file));
      return read;
    });
  }

  async close(): Promise<void> {
    await this.#turns.done();
  }

  #letGo(asked: readonly string[]): void {
    let points = [...this.#known.values()].reduce((sum, { size }) => sum + size, 0);
    for (const [file, { size }] of this.#known) {
      if (points <= MOST_POINTS || asked.includes(file)) return;
      this.#known.delete(file);
      points -= size;
    }
  }
}
