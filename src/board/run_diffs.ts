// What tells two runs apart, as `cookbook diff` has it: one comparison at a time, since each reads all that both have logged.

import { compareRuns } from '../diff/compare_runs.ts';
import type { RunDiff } from '../diff/run_diff.ts';
import { Turns } from './turns.ts';

export interface RunDiffView extends RunDiff {
  /** What could not be read of the runs. */
  notices: string[];
}

/** The runs that are looked at may be training beside it. */
const LIMITS = { bytes: 2 ** 29, threads: 1 };

export class RunDiffs {
  readonly #cwd: string;
  readonly #turns = new Turns('other runs are being compared: ask again');

  constructor(cwd: string) {
    this.#cwd = cwd;
  }

  /** @throws ConfigurationError for a directory that is no run any more, and while too many others wait */
  async between(a: string, b: string): Promise<RunDiffView> {
    const { diff, notices } = await this.#turns.take(() => compareRuns([a, b], this.#cwd, LIMITS));
    return { ...diff, notices };
  }

  async close(): Promise<void> {
    await this.#turns.done();
  }
}
