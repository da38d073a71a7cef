import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bracketBudgets, bracketsBy } from '../../../src/study/early_stopping/hyperband.ts';
import { Rungs, rungsRule } from './rules.ts';

const asha = () => rungsRule({ builder: 'asha', min_steps: 2 });
const hyperband = () => rungsRule({ builder: 'hyperband', min_steps: 2, max_steps: 54 });

const value = fc.oneof(
  { weight: 8, arbitrary: fc.double({ min: -10, max: 10, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY) },
);

it('rungs lie at min_steps, and each the factor later, below the last step', async () => {
  const rule = await asha();
  expect(rule.rungs(0, 54)).toEqual([2, 6, 18]);
  expect(rule.rungs(0, 55)).toEqual([2, 6, 18, 54]);
  expect(rule.rungs(0, 2)).toEqual([]);
});

it('the best third of those that have reached a rung goes on, the best first', async () => {
  const rule = await asha();
  const rungs = new Rungs();
  for (const [trial, loss] of [5, 1, 4, 2, 3, 6].entries()) rungs.reach(trial, 0, loss);
  expect(rungs.promote(rule)).toMatchObject({ trial: 1, rung: 0 });
  expect(rungs.promote(rule)).toMatchObject({ trial: 3, rung: 0 });
  expect(rungs.promote(rule)).toBeNull();
});

it('a trial that comes later and is better than those that went on goes on as well', async () => {
  const rule = await asha();
  const rungs = new Rungs();
  for (const [trial, loss] of [3, 2, 4].entries()) rungs.reach(trial, 0, loss);
  expect(rungs.promote(rule)).toMatchObject({ trial: 1 });
  rungs.reach(3, 0, 1);
  expect(rungs.promote(rule)).toMatchObject({ trial: 3 });
});

it('the highest rung comes first', async () => {
  const rule = await asha();
  const rungs = new Rungs();
  for (const trial of [0, 1, 2]) rungs.reach(trial, 1, trial);
  for (const trial of [3, 4, 5]) rungs.reach(trial, 0, -trial);
  expect(rungs.promote(rule)).toMatchObject({ trial: 0, rung: 1 });
  expect(rungs.promote(rule)).toMatchObject({ trial: 5, rung: 0 });
});

it('whoever is promoted is among the best third of its rung at that moment, and finite', async () => {
  const rule = await asha();
  fc.assert(
    fc.property(fc.array(fc.tuple(value, fc.boolean()), { maxLength: 60 }), (steps) => {
      const rungs = new Rungs();
      const going: { trial: number; rung: number }[] = [];
      for (const [index, [loss, continues]] of steps.entries()) {
        const onward = continues ? going.shift() : undefined;
        rungs.reach(onward?.trial ?? index, onward === undefined ? 0 : onward.rung + 1, loss);
        const promoted = rungs.promote(rule);
        if (promoted === null) continue;
        const others = rungs.at(promoted.rung);
        const better = others.filter((other) => Number.isFinite(other.value) && other.value < promoted.value).length;
        expect(Number.isFinite(promoted.value)).toBe(true);
        expect(better).toBeLessThan(Math.floor(others.length / 3));
        going.push(promoted);
      }
    }),
  );
});

it('of a rung that all reach before anyone goes on, no more than a third does, rounded down', async () => {
  const rule = await asha();
  fc.assert(
    fc.property(fc.array(value, { maxLength: 60 }), (losses) => {
      const rungs = new Rungs();
      for (const [trial, loss] of losses.entries()) rungs.reach(trial, 0, loss);
      const promoted: number[] = [];
      for (let next = rungs.promote(rule); next !== null; next = rungs.promote(rule)) promoted.push(next.trial);
      const finite = losses.filter(Number.isFinite).length;
      expect(promoted).toHaveLength(Math.min(Math.floor(losses.length / 3), finite));
    }),
  );
});

it('the order in which trials have reached their rungs does not matter', async () => {
  const rules = [await asha(), await hyperband()];
  const reached = fc.uniqueArray(
    fc.record({ trial: fc.nat(30), rung: fc.nat(3), value: fc.oneof(value, fc.constantFrom(1, 2)) }),
    { selector: ({ trial, rung }) => `${trial}/${rung}`, maxLength: 60 },
  );
  fc.assert(
    fc.property(
      reached.chain((rungs) => fc.tuple(fc.constant(rungs), fc.shuffledSubarray(rungs, { minLength: rungs.length }))),
      fc.boolean(),
      ([rungs, shuffled], isSettled) => {
        for (const rule of rules) {
          expect(rule.promote(shuffled, shuffled, isSettled)).toBe(rule.promote(rungs, rungs, isSettled));
        }
      },
    ),
  );
});

it('somebody comes to an end where all is settled, however few there are, and nobody without a value', async () => {
  for (const rule of [await asha(), await hyperband()]) {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 30 }), (losses) => {
        const rungs = new Rungs();
        let hasFinished = false;
        const reach = (trial: number, rung: number) => {
          if (rung < rule.rungs(trial, 54).length) rungs.reach(trial, rung, losses[trial] ?? Number.NaN);
          else hasFinished = true;
        };
        for (const trial of losses.keys()) reach(trial, 0);
        for (let next = rungs.promote(rule, true); next !== null; next = rungs.promote(rule, true))
          reach(next.trial, next.rung + 1);
        if (losses.some(Number.isFinite)) expect(hasFinished).toBe(true);
      }),
    );
  }
});

it('the brackets of hyperband begin to give up one factor later each, and the last one never does', async () => {
  const rule = await hyperband();
  const bracketOf = bracketsBy(bracketBudgets(2, 54, 3));
  const firstOf = (bracket: number) =>
    Array.from({ length: 100 }, (_, n) => n).find((n) => bracketOf(n) === bracket) ?? 0;
  expect([0, 1, 2, 3].map((bracket) => rule.rungs(firstOf(bracket), 54))).toEqual([[2, 6, 18], [6, 18], [18], []]);
});

it('brackets have the proportions that Optuna gives them, exactly in each round', () => {
  // HyperbandPruner(min_resource=1, max_resource=81, reduction_factor=3): ceil(5·81/5), ceil(5·27/4), …
  expect(bracketBudgets(1, 81, 3)).toEqual([81, 34, 15, 8, 5]);
  // The logarithm of 243 to the base 3 is a little less than 5 in floating point.
  expect(bracketBudgets(1, 243, 3)).toHaveLength(6);
  expect(bracketBudgets(5, 5, 3)).toEqual([1]);

  const budgets = bracketBudgets(1, 9, 3);
  const bracketOf = bracketsBy(budgets);
  const length = budgets.reduce((a, b) => a + b);
  for (const round of [0, 1, 7]) {
    const brackets = Array.from({ length }, (_, index) => bracketOf(round * length + index));
    expect(budgets.map((_, bracket) => brackets.filter((other) => other === bracket).length)).toEqual(budgets);
  }
});

it('each bracket of hyperband is a competition of its own', async () => {
  const rule = await hyperband();
  const bracketOf = bracketsBy(bracketBudgets(2, 54, 3));
  const members = (bracket: number) => Array.from({ length: 100 }, (_, n) => n).filter((n) => bracketOf(n) === bracket);
  const rungs = new Rungs();
  // The second bracket is better throughout, and takes no place of the first one.
  for (const trial of members(0).slice(0, 3)) rungs.reach(trial, 0, 10 + trial);
  for (const trial of members(1).slice(0, 3)) rungs.reach(trial, 0, trial);
  // Its first rung lies higher, so it comes first.
  expect(rungs.promote(rule)?.trial).toBe(members(1)[0]);
  expect(rungs.promote(rule)?.trial).toBe(members(0)[0]);
  expect(rungs.promote(rule)).toBeNull();
});

it('max_steps below min_steps is an error', async () => {
  await expect(rungsRule({ builder: 'hyperband', min_steps: 10, max_steps: 9 })).rejects.toThrow(
    'hyperband: max_steps 9 is less than min_steps 10',
  );
});
