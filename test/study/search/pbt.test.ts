import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Registry } from '../../../src/registry/registry.ts';
import { pbt } from '../../../src/study/search/pbt.ts';
import { perturbed } from '../../../src/study/search/perturb.ts';
import { isValueOf } from '../../../src/study/search/values.ts';
import {
  type Distribution,
  type Question,
  type Search,
  type Space,
  type Suggestion,
  searchSlot,
  type Trial,
} from '../../../src/study/types.ts';

const space: Space = [
  { name: 'learning_rate', distribution: { kind: 'log_uniform', low: 1e-5, high: 1e-1 }, when: null },
  { name: 'lora_rank', distribution: { kind: 'int_uniform', low: 1, high: 16 }, when: null },
  { name: 'lr_schedule', distribution: { kind: 'choice', size: 3 }, when: null },
  { name: 'warmup', distribution: { kind: 'uniform', low: 0, high: 1 }, when: { parameter: 'lr_schedule', choice: 2 } },
];

type Population = Extract<Search, { kind: 'population' }>;

async function population(options: { [field: string]: number | number[] } = {}): Promise<Population> {
  const ref = { builder: 'pbt', population_size: 4, steps_per_generation: 10, ...options };
  const search = await new Registry([pbt]).build(searchSlot, ref, {});
  if (search.kind !== 'population') throw new TypeError('pbt asks for a population');
  return search;
}

/** Asks for generations one after another; `outcome` says what becomes of each trial. */
function played(search: Population, generations: number, outcome: (trial: number) => number | null, seed = 0) {
  const trials: Trial[] = [];
  const suggestions: Suggestion[] = [];
  for (let number = 0; number < generations * 4; number++) {
    const suggestion = search.suggest(question(trials, seed));
    if (suggestion === null) throw new RangeError('all are told of');
    suggestions.push(suggestion);
    const value = outcome(number);
    trials.push({ number, point: suggestion.point, state: value === null ? 'failed' : 'finished', value, step: null });
  }
  return suggestions;
}

const question = (trials: readonly Trial[], seed = 0): Question => ({ space, trials, seed, trials_planned: null });

it('the worst quarter goes on from the best quarter, the others from where they are', async () => {
  const suggestions = played(await population(), 2, (number) => [3, 1, 4, 2][number % 4] ?? 0);
  expect(suggestions.map(({ parent }) => parent?.trial ?? null)).toEqual([null, null, null, null, 0, 1, 1, 3]);
  expect(suggestions.map(({ until_step }) => until_step)).toEqual([10, 10, 10, 10, 20, 20, 20, 20]);
  const [first, second, third, fourth] = suggestions.slice(4);
  expect([first?.point, second?.point, fourth?.point]).toEqual([0, 1, 3].map((n) => suggestions[n]?.point));
  expect(third?.point).not.toEqual(suggestions[1]?.point);
});

it('a changed value is one of the factors away, or drawn anew', async () => {
  const search = await population({ resample_probability: 0 });
  for (let seed = 0; seed < 30; seed++) {
    const suggestions = played(search, 2, (number) => [3, 1, 4, 2][number % 4] ?? 0, seed);
    const [parent, child] = [suggestions[1]?.point.learning_rate ?? 0, suggestions[6]?.point.learning_rate ?? 0];
    expect(
      [0.8, 1.2].some((factor) => Math.abs(child / parent - factor) < 1e-12 || child === 1e-1 || child === 1e-5),
    ).toBe(true);
  }
});

it('waits until the generation before is told of', async () => {
  const search = await population();
  const trials = [0, 1, 2, 3].map((number): Trial => {
    const { point } = search.suggest(question([])) ?? { point: {} };
    return { number, point, state: number === 2 ? 'pending' : 'finished', value: number === 2 ? null : 1, step: null };
  });
  expect(search.suggest(question(trials.slice(0, 3)))).not.toBeNull();
  expect(search.suggest(question(trials))).toBeNull();
});

it('trials without a value are replaced, and where none has one all begin anew', async () => {
  const search = await population();
  const some = played(search, 2, (number) => (number === 0 || number === 3 ? null : number));
  expect(some.slice(4).map(({ parent }) => parent?.trial)).toEqual([1, 1, 2, 1]);
  const none = played(search, 2, () => null);
  expect(none.slice(4).map(({ parent }) => parent)).toEqual([null, null, null, null]);
});

it('points lie in the space, and the same question has the same answer', async () => {
  const search = await population();
  const value = fc.option(fc.double({ noNaN: false }));
  fc.assert(
    fc.property(fc.array(value, { minLength: 16, maxLength: 16 }), fc.nat(1000), (values, seed) => {
      const play = () => played(search, 4, (number) => values[number] ?? null, seed);
      const suggestions = play();
      expect(play()).toEqual(suggestions);
      for (const [number, { point, parent }] of suggestions.entries()) {
        const names = space.filter(({ when }) => when === null || point[when.parameter] === when.choice);
        expect(Object.keys(point).sort()).toEqual(names.map(({ name }) => name).sort());
        for (const { name, distribution } of names)
          expect(isValueOf(distribution, point[name] ?? Number.NaN)).toBe(true);
        if (parent !== null) expect(Math.floor(parent.trial / 4)).toBe(Math.floor(number / 4) - 1);
      }
    }),
    { numRuns: 50 },
  );
});

it('what is counted moves by one at least, within its bounds', () => {
  const rank: Distribution = { kind: 'int_uniform', low: 1, high: 16 };
  expect(perturbed(rank, 2, 1.2)).toBe(3);
  expect(perturbed(rank, 10, 0.8)).toBe(8);
  expect(perturbed(rank, 16, 1.2)).toBe(16);
  expect(perturbed({ kind: 'quantised', low: 0.1, high: 0.5, step: 0.1 }, 0.2, 1.2)).toBe(0.3);
  expect(perturbed({ kind: 'uniform', low: -1, high: 1 }, 0.9, 1.2)).toBe(1);
  expect(perturbed({ kind: 'normal', mean: 0, sd: 1 }, 2, 0.5)).toBe(1);
  expect([0, 1, 2].map((index) => perturbed({ kind: 'choice', size: 3 }, index, 1.2))).toEqual([1, 2, 2]);
});

it('a factor of 1 is an error', async () => {
  await expect(population({ perturbation_factors: [1, 2] })).rejects.toThrow('pbt: a value multiplied with 1');
});
