// What TPE makes of trials: which count as good, what those that are not over tell it, and that it finds what is to be found.

import { describe, expect, it } from 'vitest';
import { ParzenEstimator, weightsByAge } from '../../../src/study/search/parzen.ts';
import { suggestRandom } from '../../../src/study/search/random.ts';
import { splitTrials, suggestTpe } from '../../../src/study/search/tpe.ts';
import type { Parameter, Point, Trial, TrialState } from '../../../src/study/types.ts';
import { study } from './support/spaces.ts';

const TPE = { n_startup_trials: 10, n_ei_candidates: 24, multivariate: true, group: true, constant_liar: true };
const X: Parameter[] = [{ name: 'x', distribution: { kind: 'uniform', low: 0, high: 1 }, when: null }];

const trial = (number: number, state: TrialState, value: number | null = null, step: number | null = null): Trial => ({
  number,
  point: { x: (number * 0.61803) % 1 },
  state,
  value,
  step,
});
const numbers = (trials: readonly Trial[]) => trials.map(({ number }) => number);

describe('good trials', () => {
  it('are the best tenth, rounded up, of those that are over, and 25 at most', () => {
    const finished = (n: number) => Array.from({ length: n }, (_, i) => trial(i, 'finished', -i));
    const good = (n: number) => splitTrials(finished(n), true).good.length;
    expect([0, 1, 10, 11, 100, 101, 400].map(good)).toEqual([0, 1, 1, 2, 10, 11, 25]);
    expect(numbers(splitTrials(finished(15), true).good)).toEqual([13, 14]);
  });

  it('are finished ones first, then of the stopped those that came farthest, then the best of them', () => {
    const trials = [
      trial(0, 'stopped', 0, 10),
      trial(1, 'stopped', 5, 20),
      trial(2, 'stopped', 4, 20),
      trial(3, 'finished', 9),
      ...Array.from({ length: 27 }, (_, i) => trial(4 + i, 'stopped', 1, 5)),
    ];
    // 4 of 31.
    expect(numbers(splitTrials(trials, true).good)).toEqual([0, 1, 2, 3]);
    expect(numbers(splitTrials(trials.slice(0, 11), true).good)).toEqual([2, 3]);
  });

  it('are never those without a number, where others have one', () => {
    const values = [Number.NaN, Number.POSITIVE_INFINITY, null, 7, Number.NEGATIVE_INFINITY];
    const { good } = splitTrials(
      values.map((value, i) => trial(i, 'finished', value)),
      true,
    );
    expect(numbers(good)).toEqual([4]);
  });
});

it('counts pending trials as bad only if it is to, failed ones always, and neither in how many are good', () => {
  const trials = [
    ...Array.from({ length: 10 }, (_, i) => trial(i, 'finished', i)),
    trial(10, 'pending'),
    trial(11, 'failed'),
  ];
  expect(numbers(splitTrials(trials, true).good)).toEqual([0]);
  expect(numbers(splitTrials(trials, true).others)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect(numbers(splitTrials(trials, false).others)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 11]);
});

it('keeps away from a place where a trial is pending', () => {
  const told = Array.from({ length: 40 }, (_, i) => ({
    ...trial(i, 'finished'),
    value: (trial(i, 'finished').point.x - 0.5) ** 2,
  }));
  const meanDistance = (constant_liar: boolean) => {
    const distances = Array.from({ length: 60 }, (_, seed) => {
      const pending = Array.from({ length: 8 }, (_, i): Trial => ({ ...trial(40 + i, 'pending'), point: { x: 0.5 } }));
      const question = { space: X, trials: [...told, ...pending], seed, trials_planned: null };
      return Math.abs(suggestTpe({ ...TPE, constant_liar }, question).x - 0.5);
    });
    return distances.reduce((sum, distance) => sum + distance, 0) / distances.length;
  };
  expect(meanDistance(true)).toBeGreaterThan(1.5 * meanDistance(false));
});

it('draws at random until enough trials are over', () => {
  const trials = [
    ...Array.from({ length: 9 }, (_, i) => trial(i, 'finished', i)),
    trial(9, 'pending'),
    trial(10, 'failed'),
  ];
  const question = { space: X, trials, seed: 3, trials_planned: null };
  expect(suggestTpe(TPE, question)).toEqual(suggestRandom(question));
  const over = { ...question, trials: [...trials.slice(0, 10), trial(10, 'stopped', 4, 2)] };
  expect(suggestTpe(TPE, over)).not.toEqual(suggestRandom(over));
});

it('leaves out what it was told of values that the space no longer has', () => {
  const narrow: Parameter[] = [{ name: 'x', distribution: { kind: 'log_uniform', low: 0.5, high: 1 }, when: null }];
  const trials = Array.from({ length: 20 }, (_, i) => ({ ...trial(i, 'finished', i), point: { x: i === 0 ? 0 : -i } }));
  const { x } = suggestTpe(TPE, { space: narrow, trials, seed: 0, trials_planned: null });
  expect(x >= 0.5 && x <= 1).toBe(true);
});

it('weighs the last 25 points in full, and older ones the less', () => {
  expect(weightsByAge(3)).toEqual([1, 1, 1]);
  expect(weightsByAge(26)).toEqual([1 / 26, ...new Array(25).fill(1)]);
  expect(weightsByAge(28).slice(0, 4)).toEqual([1 / 28, 1 / 28 + (1 - 1 / 28) / 2, 1, 1]);
});

it('has the normal distribution itself as prior', () => {
  const estimator = new ParzenEstimator([{ kind: 'normal', mean: 2, sd: 3 }], []);
  const density = (x: number) => -(((x - 2) / 3) ** 2) / 2 - Math.log(3 * Math.sqrt(2 * Math.PI));
  for (const x of [-20, 0, 2, 9]) expect(estimator.logDensity([x])).toBeCloseTo(density(x), 12);
});

describe('finds', () => {
  const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1];
  const best = (space: Parameter[], of: (point: Point) => number, suggest: Parameters<typeof study>[1]) =>
    median(
      Array.from({ length: 9 }, (_, seed) =>
        Math.min(...study(space, suggest, of, 60, seed).map(({ value }) => value ?? Number.POSITIVE_INFINITY)),
      ),
    );

  it.each<[string, Parameter[], (point: Point) => number]>([
    [
      'the lowest place of a bowl',
      ['x', 'y', 'z'].map(
        (name): Parameter => ({ name, distribution: { kind: 'uniform', low: -5, high: 5 }, when: null }),
      ),
      ({ x, y, z }) => (x - 1) ** 2 + (y + 2) ** 2 + (z - 3) ** 2,
    ],
    [
      'a value of a normal distribution, far from its mean',
      ['x', 'y'].map((name): Parameter => ({ name, distribution: { kind: 'normal', mean: 0, sd: 1 }, when: null })),
      ({ x, y }) => (x - 2) ** 2 + (y + 1.5) ** 2,
    ],
    [
      'the better of two arms, and its parameter',
      [
        { name: 'arm', distribution: { kind: 'choice', size: 2 }, when: null },
        {
          name: 'left',
          distribution: { kind: 'log_uniform', low: 1e-6, high: 1 },
          when: { parameter: 'arm', choice: 0 },
        },
        {
          name: 'right',
          distribution: { kind: 'int_uniform', low: 0, high: 300 },
          when: { parameter: 'arm', choice: 1 },
        },
      ],
      ({ arm, left, right }) => (arm === 0 ? 2 + Math.log10(left / 1e-3) ** 2 : Math.abs(right - 211) / 30),
    ],
  ])('%s sooner than chance does', (_, space, of) => {
    const ours = best(space, of, (question) => suggestTpe(TPE, question));
    expect(ours).toBeLessThan(0.7 * best(space, of, suggestRandom));
  });
});
