// The loop that bench/search/early_stopping.ts draws its figures from.

import { expect, it } from 'vitest';
import { play } from '../../../bench/search/play_rule.ts';
import { permutation } from '../../../src/util/permutation.ts';
import { curveRule, rungsRule } from './rules.ts';

/** Values at steps 2, 4, …, 24 that keep their distances. */
const curves = (levels: readonly number[]) =>
  levels.map((level) => Array.from({ length: 12 }, (_, index) => ({ step: 2 * (index + 1), value: level - index })));

it('without a rule every trial trains to its end', () => {
  const outcome = play(null, { curves: curves([3, 1, 2, 4, 5]), workers: 2, total_steps: 24 });
  expect(outcome).toEqual({ steps: 5 * 24, time: 3 * 24, finished: [0, 1, 2, 3, 4] });
});

it('asha trains a third to the next rung each, and pays for steps once', async () => {
  const rule = await rungsRule({ builder: 'asha', min_steps: 2 });
  const levels = [9, 8, 7, 6, 5, 4, 3, 2, 1].map((level) => 10 - level);
  const { steps, finished } = play(rule, { curves: curves(levels), workers: 1, total_steps: 24 });
  // All to step 2, three on to 6, one on to 18, and that one to the end, since nobody else comes.
  expect(steps).toBe(9 * 2 + 3 * 4 + 12 + 6);
  expect(finished).toEqual([0]);
});

it('a rule of curves frees the worker at the step at which it gives up', async () => {
  const rule = await curveRule({ builder: 'median', n_startup_trials: 1 });
  const outcome = play(rule, { curves: curves([1, 2, 0]), workers: 1, total_steps: 24 });
  expect(outcome).toEqual({ steps: 24 + 2 + 24, time: 50, finished: [0, 2] });
});

it('where the order of trials shows at once, asha finds the best of 405 in less than 30 % of their steps, in any order', async () => {
  const rule = await rungsRule({ builder: 'asha', min_steps: 2 });
  for (const seed of [0, 1, 2, 3, 4]) {
    const levels = permutation(405, [seed]);
    const { steps, finished } = play(rule, { curves: curves(levels), workers: 4, total_steps: 24 });
    expect(finished).toContain(levels.indexOf(0));
    expect(steps / (405 * 24)).toBeLessThan(0.3);
  }
});
