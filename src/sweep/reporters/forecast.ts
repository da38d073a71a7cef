// How long a sweep will take from here on: by the pace of the steps that its runs have made, and by what a run takes to start.

import type { PlannedRun } from '../plan.ts';

interface Reached {
  launched: number;
  /** Where it was when it was first seen; a run that resumes begins at its checkpoint. */
  from: number | null;
  /** Its first step since then, and when: what was before it is no pace, but the time that a run takes to start. */
  first: { step: number; time: number } | null;
  step: number;
  time: number;
  total: number | null;
}

export class Forecast {
  readonly #now: () => number;
  /** Runs that have not settled. */
  readonly #open: Set<PlannedRun>;
  /** Those of them that are under way. */
  readonly #reached = new Map<PlannedRun, Reached>();
  /** Of runs that have settled. */
  readonly #past: Reached[] = [];

  /** `now` is in milliseconds. */
  constructor(runs: readonly PlannedRun[], now: () => number) {
    this.#now = now;
    this.#open = new Set(runs);
  }

  /** A study has asked for more. */
  expect(runs: readonly PlannedRun[]): void {
    for (const run of runs) this.#open.add(run);
  }

  launched(run: PlannedRun): void {
    const now = this.#now();
    this.#reached.set(run, { launched: now, from: null, first: null, step: 0, time: now, total: run.max_steps });
  }

  reached(run: PlannedRun, step: number, total: number | null): void {
    const known = this.#reached.get(run);
    if (known === undefined) return;
    const now = this.#now();
    // A run whose log was cut back begins anew where that ends.
    const isAnew = known.from === null || step < known.from;
    const from = isAnew ? step : known.from;
    const first = isAnew ? null : (known.first ?? (step > (from ?? step) ? { step, time: now } : null));
    const time = step === known.step ? known.time : now;
    this.#reached.set(run, { ...known, from, first, step, time, total });
  }

  /** It is under way no longer, and not at its end. */
  left(run: PlannedRun): void {
    this.#reached.delete(run);
  }

  settled(run: PlannedRun): void {
    const reached = this.#reached.get(run);
    this.#open.delete(run);
    this.#reached.delete(run);
    if (reached !== undefined) this.#past.push(reached);
  }

  /** Seconds that a run will take; null before it has made steps to judge by, or where its end is unknown. */
  ofRun(run: PlannedRun): number | null {
    const reached = this.#reached.get(run);
    if (reached?.first == null || reached.total === null) return null;
    const made = reached.step - reached.first.step;
    const seconds = (this.#now() - reached.first.time) / 1000;
    return made > 0 && seconds > 0 ? (seconds / made) * (reached.total - reached.step) : null;
  }

  /** Seconds that the sweep will take, with as many runs at a time as there are now; null while nothing tells. */
  ofSweep(): number | null {
    const seen = [...this.#past, ...this.#reached.values()];
    const timed = seen.flatMap(({ first, step, time }) =>
      first === null ? [] : { steps: step - first.step, time: time - first.time },
    );
    const steps = sum(timed.map(({ steps }) => steps));
    const pace = sum(timed.map(({ time }) => time)) / 1000 / steps;
    const starts = seen.flatMap(({ launched, first }) => (first === null ? [] : first.time - launched));
    const start = starts.length === 0 ? 0 : sum(starts) / 1000 / starts.length;
    const totals = seen.flatMap(({ total }) => total ?? []);
    const usual = totals.length === 0 ? null : sum(totals) / totals.length;
    if (steps === 0 || this.#reached.size === 0) return null;
    let left = 0;
    for (const run of this.#open) {
      const reached = this.#reached.get(run);
      const total = reached?.total ?? run.max_steps ?? usual;
      if (total === null) return null;
      left += (total - (reached?.step ?? 0)) * pace + (reached?.first == null ? start : 0);
    }
    return left > 0 ? left / this.#reached.size : null;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
