import fc from 'fast-check';
import { expect, it } from 'vitest';
import { microbatches } from '../../src/engine/microbatches.ts';

const examplesOf = (lengths: readonly number[]) =>
  lengths.map((length) => ({ tokens: Array(length).fill(0), context: 0, K: 1 }));
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

it('counts tokens, not padding: what is shorter than the longest takes no more of the budget than it has', () => {
  expect(microbatches(examplesOf([129, 73, 270, 82, 220]), 774)).toEqual([[2, 4, 0, 3, 1]]);
  expect(microbatches(examplesOf([129, 73, 270, 82, 220]), 773)).toEqual([[2, 4, 0, 3], [1]]);
});

it('computes a short example by itself rather than as padding of a long one', () => {
  expect(microbatches(examplesOf([400, 99, 100]), 2048)).toEqual([[0, 2], [1]]);
});

it('computes one that is longer than the budget alone', () => {
  expect(microbatches(examplesOf([30, 50, 20]), 40)).toEqual([[1], [0], [2]]);
});

it('does not mix examples with another number of targets a position', () => {
  const [one, other] = examplesOf([10, 10]);
  expect(microbatches([one, { ...other, K: 3 }], 2048)).toEqual([[0], [1]]);
});

it('keeps together what shares a context, which takes of the budget once', () => {
  const inContext = (first: number, length: number) => ({
    tokens: [first, ...Array(length - 1).fill(0)],
    context: 20,
    K: 1,
  });
  const examples = [inContext(1, 30), inContext(2, 25), inContext(1, 24), inContext(2, 30)];
  expect(microbatches(examples, 35)).toEqual([
    [0, 2],
    [3, 1],
  ]);
  expect(microbatches(examples, 33)).toEqual([[0], [2], [3], [1]]);
  expect(microbatches(examples, 69)).toEqual([[0, 2, 3, 1]]);
});

it('puts every example into one group, and no group over the budget', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1 }),
      fc.integer({ min: 1, max: 500 }),
      (lengths, budget) => {
        const groups = microbatches(examplesOf(lengths), budget);
        expect(groups.flat().sort((a, b) => a - b)).toEqual([...lengths.keys()]);
        for (const group of groups) {
          const tokens = sum(group.map((i) => lengths[i]));
          expect(group.length === 1 || tokens <= budget).toBe(true);
        }
      },
    ),
  );
});
