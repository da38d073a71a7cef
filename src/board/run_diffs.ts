// What tells two runs apart, as `cookbook diff` has it: one comparison at a time, since each reads all that both have logged.

import { compareRuns } from '../diff/compare_runs.ts';
import type { RunDiff } from '../diff/run_diff.ts';
import { ConfigurationError } from '../util/errors.ts';

export interface RunDiffView extends RunDiff {
  /** What could not be read of the runs. */
  notices: string[];
}

/** More than people who look at a board ask for at once. */
const MOST_WAITING = 8;
/** The runs that are looked at may be training beside it. */
const LIMITS = { bytes: 2 ** 29, threads: 1 };

export class RunDiffs {
  readonly #cwd: string;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(cwd: string) {
    this.#cwd = cwd;
  }

  /** @throws ConfigurationError for a directory that is no run any more, and while too many others wait */
  async between(a: string, b: string): Promise<RunDiffView> {
    if (this.#waiting === MOST_WAITING) throw new ConfigurationError('other runs are being compared: ask again');
    this.#waiting += 1;
    const own = this.#last.then(() => compareRuns([a, b], this.#cwd, LIMITS));
    this.#last = own.catch(() => undefined);
    try {
      const { diff, notices } = await own;
      return { ...diff, notices };
    } finally {
      this.#waiting -= 1;
    }
  }

  /** What is under way comes to its end. */
  async close(): Promise<void> {
    await this.#last;
  }
}
