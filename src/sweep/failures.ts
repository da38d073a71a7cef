// When so many runs fail that no more are launched.

import type { RunState } from '../run_files/types.ts';
import type { SweepFields } from './grammar.ts';

export type OnFailure = SweepFields['execution']['on_failure'];

/** Ended runs before a share of them says anything. */
const USUAL_AFTER = 10;

export interface Halt {
  failed: number;
  ended: number;
}

/** Counts what the runs of one command have come to. Those that were interrupted, or that others run, have not ended. */
export class Failures {
  readonly #rule: OnFailure;
  #failed = 0;
  #ended = 0;

  constructor(rule: OnFailure) {
    this.#rule = rule;
  }

  /** The counts, where with this run it is time to launch nothing more; else null. */
  add(state: RunState): Halt | null {
    const isFailed = state === 'failed';
    if (!isFailed && state !== 'done' && state !== 'stopped' && state !== 'diverged') return null;
    this.#ended += 1;
    if (isFailed) this.#failed += 1;
    return this.#isTooMuch(isFailed) ? { failed: this.#failed, ended: this.#ended } : null;
  }

  #isTooMuch(isFailed: boolean): boolean {
    const rule = this.#rule;
    if (typeof rule === 'string') return rule === 'stop' && isFailed;
    return this.#ended >= (rule.after ?? USUAL_AFTER) && this.#failed / this.#ended > rule.rate;
  }
}
