// How long a sweep will take from here on: by the steps that its runs have made since it began, and those that are left.

import type { PlannedRun } from '../plan.ts';

interface Reached {
  /** Where it was when it was first seen, and when; a run that resumes begins at its checkpoint. */
  first: { step: number; time: number };
  step: number;
  total: number | null;
}

export class Forecast {
  readonly #now: () => number;
  readonly #began: number;
  /** Runs that have not settled. */
  readonly #open: Set<PlannedRun>;
  readonly #reached = new Map<PlannedRun, Reached>();
  /** Steps of runs that have settled, and their number of steps where it is known. */
  #made = 0;
  readonly #totals: number[] = [];

  /** `now` is in milliseconds. */
  constructor(runs: readonly PlannedRun[], now: () => number) {
    this.#now = now;
    this.#began = now();
    this.#open = new Set(runs);
  }

  reached(run: PlannedRun, step: number, total: number | null): void {
    const known = this.#reached.get(run);
    // A run whose log was cut back begins anew where that ends.
    const first = known === undefined || step < known.first.step ? { step, time: this.#now() } : known.first;
    this.#reached.set(run, { first, step, total });
  }

  settled(run: PlannedRun): void {
    const reached = this.#reached.get(run);
    this.#open.delete(run);
    this.#reached.delete(run);
    if (reached === undefined) return;
    this.#made += reached.step - reached.first.step;
    if (reached.total !== null) this.#totals.push(reached.total);
  }

  /** Seconds that a run will take; null before it has made steps to judge by, or where its end is unknown. */
  ofRun(run: PlannedRun): number | null {
    const reached = this.#reached.get(run);
    if (reached === undefined || reached.total === null) return null;
    const { first, step, total } = reached;
    const seconds = (this.#now() - first.time) / 1000;
    return step > first.step && seconds > 0 ? (seconds / (step - first.step)) * (total - step) : null;
  }

  /** Seconds that the sweep will take, at the pace of all its runs together; null while nothing tells. */
  ofSweep(): number | null {
    const under = [...this.#reached.values()];
    const made = this.#made + under.reduce((sum, { first, step }) => sum + step - first.step, 0);
    const totals = [...this.#totals, ...under.flatMap(({ total }) => (total === null ? [] : [total]))];
    const usual = totals.length === 0 ? null : totals.reduce((sum, total) => sum + total, 0) / totals.length;
    let left = 0;
    for (const run of this.#open) {
      const reached = this.#reached.get(run);
      const total = reached?.total ?? run.max_steps ?? usual;
      if (total === null) return null;
      left += total - (reached?.step ?? 0);
    }
    const seconds = (this.#now() - this.#began) / 1000;
    return made > 0 && seconds > 0 && left > 0 ? (seconds / made) * left : null;
  }
}
