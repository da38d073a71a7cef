// Spaces, histories and whole studies, for properties of searches.

import fc from 'fast-check';
import { gridOf, pointOf, valueAt } from '../../../../src/study/search/values.ts';
import type {
  Distribution,
  Parameter,
  Point,
  Question,
  Space,
  Trial,
  TrialState,
} from '../../../../src/study/types.ts';

const bounds = (min: number, max: number) =>
  fc
    .tuple(fc.double({ min, max, noNaN: true }), fc.double({ min, max, noNaN: true }))
    .map(([a, b]) => ({ low: Math.min(a, b), high: Math.max(a, b) }));

const distribution: fc.Arbitrary<Distribution> = fc.oneof(
  bounds(-1e3, 1e3).map((ends): Distribution => ({ kind: 'uniform', ...ends })),
  bounds(1e-8, 1e3).map((ends): Distribution => ({ kind: 'log_uniform', ...ends })),
  fc
    .tuple(fc.integer({ min: -20, max: 20 }), fc.nat(30))
    .map(([low, more]): Distribution => ({ kind: 'int_uniform', low, high: low + more })),
  fc
    .tuple(fc.constantFrom(0, 0.1, -3), fc.constantFrom(0.1, 0.25, 0.3), fc.nat(12))
    .map(([low, step, steps]): Distribution => ({ kind: 'quantised', low, high: low + steps * step, step })),
  fc
    .tuple(fc.integer({ min: -5, max: 5 }), fc.constantFrom(0.01, 1, 30))
    .map(([mean, sd]): Distribution => ({ kind: 'normal', mean, sd })),
  fc.integer({ min: 1, max: 5 }).map((size): Distribution => ({ kind: 'choice', size })),
);

const NAMES = ['a', '__proto__', 'constructor', 'dataset.batch_size', 'e', 'f', 'g', 'h'];

/** Some parameters are there only where one before them has a choice. */
export const spaces: fc.Arbitrary<Space> = fc
  .array(fc.tuple(distribution, fc.nat(), fc.nat(), fc.boolean()), { minLength: 1, maxLength: NAMES.length })
  .map((drawn) => {
    const space: Parameter[] = [];
    for (const [i, [distribution, parent, choice, isConditional]] of drawn.entries()) {
      const parents = space.flatMap(({ name, distribution }) =>
        distribution.kind === 'choice' ? [{ name, size: distribution.size }] : [],
      );
      const of = parents[parent % Math.max(parents.length, 1)];
      const when = isConditional && of !== undefined ? { parameter: of.name, choice: choice % of.size } : null;
      space.push({ name: NAMES[i], distribution, when });
    }
    return space;
  });

export interface Told {
  u: number;
  state: TrialState;
  value: number;
  step: number;
}

export const told: fc.Arbitrary<Told[]> = fc.array(
  fc.record({
    u: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    state: fc.constantFrom<TrialState>('finished', 'finished', 'finished', 'stopped', 'pending', 'failed'),
    value: fc.constantFrom(-1, 0, 0.5, 2, 2, 1e6, Number.NaN, Number.POSITIVE_INFINITY),
    step: fc.nat(3),
  }),
  { maxLength: 40 },
);

/** A history in which each trial's values have the share `u` of their distributions below them. */
export function historyOf(space: Space, outcomes: readonly Told[]): Trial[] {
  return outcomes.map(({ u, state, value, step }, number) => ({
    number,
    point: pointOf(space, ({ distribution }, i) => valueAt(distribution, (u + 0.37 * i) % 1)),
    state,
    value: state === 'pending' || state === 'failed' ? null : value,
    step: state === 'stopped' ? step : null,
  }));
}

export function isInside(distribution: Distribution, value: number): boolean {
  if (distribution.kind === 'normal') return Number.isFinite(value);
  if (distribution.kind === 'choice') return Number.isInteger(value) && value >= 0 && value < distribution.size;
  const grid = gridOf(distribution);
  const isOnGrid = grid === null || Math.abs(((value - grid.low) / grid.step) % 1) < 1e-9 || isNearOne(value, grid);
  return isOnGrid && value >= distribution.low - 1e-12 && value <= distribution.high + 1e-12;
}

const isNearOne = (value: number, { low, step }: { low: number; step: number }) =>
  1 - Math.abs(((value - low) / step) % 1) < 1e-9;

/** Asks and tells, one trial after the other. */
export function study(
  space: Space,
  suggest: (question: Question) => Point,
  of: (point: Point) => number,
  n: number,
  seed: number,
): Trial[] {
  const trials: Trial[] = [];
  while (trials.length < n) {
    const point = suggest({ space, trials, seed, trials_planned: n });
    trials.push({ number: trials.length, point, state: 'finished', value: of(point), step: null });
  }
  return trials;
}
