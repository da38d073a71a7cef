// What every search that asks holds to: values that the space has, parameters that are there, the same answer to the same question.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { askingSearches } from '../../../src/study/search/builders.ts';
import { suggestGp } from '../../../src/study/search/gp.ts';
import { suggestRandom } from '../../../src/study/search/random.ts';
import { suggestSobol } from '../../../src/study/search/sobol.ts';
import { suggestTpe } from '../../../src/study/search/tpe.ts';
import { countOf, shareOf, valueAt, valueIn } from '../../../src/study/search/values.ts';
import type { Parameter, Point, Question, Space } from '../../../src/study/types.ts';
import { historyOf, isInside, spaces, told } from './support/spaces.ts';

const TPE = { n_startup_trials: 3, n_ei_candidates: 6, multivariate: true, group: true, constant_liar: true };

const SEARCHES: [string, (question: Question) => Point][] = [
  ['random', suggestRandom],
  ['sobol', suggestSobol],
  ['tpe', (question) => suggestTpe(TPE, question)],
  ['gp', (question) => suggestGp({ n_startup_trials: 3 }, question)],
  ['tpe, each parameter by itself', (question) => suggestTpe({ ...TPE, multivariate: false }, question)],
  ['tpe, conditional ones by themselves', (question) => suggestTpe({ ...TPE, group: false }, question)],
];

const present = (space: Space, point: Point): Parameter[] =>
  space.filter(({ when }) => when === null || valueIn(point, when.parameter) === when.choice);

describe.each(SEARCHES)('%s', (_, suggest) => {
  it('gives every parameter that is there a value of its distribution, and no other one any', () => {
    fc.assert(
      fc.property(spaces, told, fc.nat(), (space, outcomes, seed) => {
        const point = suggest({ space, trials: historyOf(space, outcomes), seed, trials_planned: null });
        expect(Object.keys(point).sort()).toEqual(
          present(space, point)
            .map(({ name }) => name)
            .sort(),
        );
        for (const { name, distribution } of present(space, point)) {
          const value = valueIn(point, name) ?? Number.NaN;
          expect(isInside(distribution, value), `${value} in ${JSON.stringify(distribution)}`).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('has one answer to a question, in whatever order its trials stand', () => {
    fc.assert(
      fc.property(spaces, told, fc.nat(), fc.func(fc.double()), (space, outcomes, seed, key) => {
        const trials = historyOf(space, outcomes);
        const question = { space, trials, seed, trials_planned: null };
        const shuffled = trials.toSorted((a, b) => key(a.number) - key(b.number));
        expect(suggest(question)).toEqual(suggest({ ...question, trials: shuffled }));
      }),
      { numRuns: 30 },
    );
  });

  it('leaves what it is given as it is', () => {
    fc.assert(
      fc.property(spaces, told, (space, outcomes) => {
        const trials = historyOf(space, outcomes);
        const before = JSON.stringify([space, trials]);
        suggest({ space, trials, seed: 0, trials_planned: null });
        expect(JSON.stringify([space, trials])).toBe(before);
      }),
      { numRuns: 20 },
    );
  });
});

it('asks for other points by another seed, and by another number, where chance has a part', () => {
  const space: Parameter[] = [{ name: 'x', distribution: { kind: 'uniform', low: 0, high: 1 }, when: null }];
  for (const [, suggest] of SEARCHES.filter(([name]) => name !== 'gp')) {
    const points = Array.from({ length: 8 }, (_, i) => {
      const trials = historyOf(
        space,
        Array.from({ length: 10 + (i >> 2) }, (_, k) => ({ u: k / 20, state: 'finished' as const, value: k, step: 0 })),
      );
      return suggest({ space, trials, seed: i, trials_planned: null }).x;
    });
    expect(new Set(points).size).toBe(8);
  }
});

it('writes values of a grid as people do', () => {
  const space: Parameter[] = [
    { name: 'x', distribution: { kind: 'quantised', low: 0.1, high: 0.7, step: 0.1 }, when: null },
  ];
  const values = Array.from({ length: 200 }, (_, seed) => suggestRandom({ space, trials: [], seed }).x);
  expect([...new Set(values)].sort()).toEqual([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]);
});

it('finds the share of a distribution that it has drawn a value by', () => {
  fc.assert(
    fc.property(spaces, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), ([{ distribution }], u) => {
      const share = shareOf(distribution, valueAt(distribution, u));
      const part = Math.min(1 / countOf(distribution), 1);
      const isWide =
        !('low' in distribution) || distribution.high - distribution.low > 1e-6 * Math.abs(distribution.high);
      if (isWide) expect(Math.abs(share - u)).toBeLessThanOrEqual(Math.max(part, 1e-6));
      expect(share >= 0 && share <= 1).toBe(true);
    }),
  );
});

it('draws what a distribution says', () => {
  const space: Parameter[] = [
    { name: 'rate', distribution: { kind: 'log_uniform', low: 1e-4, high: 1 }, when: null },
    { name: 'normal', distribution: { kind: 'normal', mean: 3, sd: 2 }, when: null },
  ];
  const points = Array.from({ length: 2000 }, (_, seed) => suggestRandom({ space, trials: [], seed }));
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(points.filter(({ rate }) => rate < 1e-2).length / 2000).toBeCloseTo(0.5, 1);
  const average = mean(points.map(({ normal }) => normal));
  expect(average).toBeCloseTo(3, 0);
  expect(Math.sqrt(mean(points.map(({ normal }) => (normal - average) ** 2)))).toBeCloseTo(2, 0);
});

it('is named in the registry with the arguments of Optuna', () => {
  const fields = askingSearches.map(({ name, params }) => [name, Object.keys(params.properties)]);
  expect(Object.fromEntries(fields)).toMatchObject({
    random: [],
    sobol: [],
    tpe: ['n_startup_trials', 'n_ei_candidates', 'multivariate', 'group', 'constant_liar'],
    gp: ['n_startup_trials'],
    optuna: ['sampler', 'options', 'python'],
  });
});
