// Groups whose replies are compared with one another.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  pairwiseRewards,
  TOURNAMENT_PATTERNS,
  tournamentPairs,
} from '../../../src/preference/pairwise/pairwise_env.ts';

/** Inputs and results of the reference (pairwise_preference_rewards): who is 0.2 better wins. */
const CASES = [
  {
    quality: [-0.187, -0.931, 0.084, 0.846],
    valid: [1, 1, 1, 1],
    chunk: 4,
    pairs: [
      ...[
        [0, 1],
        [0, 2],
        [0, 3],
        [1, 0],
        [1, 2],
        [1, 3],
      ],
      ...[
        [2, 0],
        [2, 1],
        [2, 3],
        [3, 0],
        [3, 1],
        [3, 2],
      ],
    ],
    results: [
      [-1 / 3, -1 / 3, 1],
      [-1, -1, 1],
      [1 / 3, 1 / 3, 1],
      [1, 1, 1],
    ],
  },
  { quality: [-1.431], valid: [0], chunk: 4, pairs: [], results: [[-1, 0, 0]] },
  {
    quality: [-1.9, -0.08, -1.527, 0.047, 0.98, -1.749, -0.652, -0.617],
    valid: [1, 0, 1, 1, 1, 1, 1, 0],
    chunk: 3,
    pairs: [
      ...[
        [0, 1],
        [0, 2],
        [1, 0],
        [1, 2],
        [2, 0],
        [2, 1],
      ],
      ...[
        [3, 4],
        [3, 5],
        [4, 3],
        [4, 5],
        [5, 3],
        [5, 4],
        [6, 7],
        [7, 6],
      ],
    ],
    results: [
      [-1, -1, 1],
      [0, 1, 0],
      [0, 0, 1],
      [0, 0, 1],
      [1, 1, 1],
      [-1, -1, 1],
      [0, 0, 1],
      [-1, 0, 0],
    ],
  },
];

describe('rewards of a tournament', () => {
  it.each(CASES)('are those of the Python cookbook: $quality', ({ quality, valid, chunk, pairs, results }) => {
    const made = tournamentPairs(quality.length, { pattern: 'all_pairs_both_ways', matchupGroupSize: chunk });
    expect(made).toEqual(pairs);
    const judged = made.map(([a, b]) =>
      Math.abs(quality[b] - quality[a]) > 0.2 ? Math.sign(quality[b] - quality[a]) : 0,
    );
    const rewards = pairwiseRewards(
      valid.map((each) => each === 1),
      made,
      judged,
      { formatCoef: 1 },
    );
    for (const [g, [reward, win_minus_loss, format]] of results.entries()) {
      expect(rewards[g].reward).toBeCloseTo(reward, 6);
      expect(rewards[g].metrics.win_minus_loss).toBeCloseTo(win_minus_loss, 6);
      expect(rewards[g].metrics.format).toBe(format);
    }
  });

  it('add up to 0 where every reply is compared equally often, and no reply meets one of another part', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 2, max: 5 }),
        fc.constantFrom(...TOURNAMENT_PATTERNS),
        (count, matchupGroupSize, pattern) => {
          const pairs = tournamentPairs(count, { pattern, matchupGroupSize });
          const part = (g: number) => Math.floor(g / matchupGroupSize);
          for (const [a, b] of pairs) expect(part(a)).toBe(part(b));
          expect(new Set(pairs.map(String)).size).toBe(pairs.length);
          const valid_G = Array.from({ length: count }, () => true);
          const results = pairs.map(([a, b]) => (a < b ? -1 : 1));
          const rewards = pairwiseRewards(valid_G, pairs, results, { formatCoef: 1 });
          expect(rewards.reduce((sum, { reward }) => sum + reward, 0)).toBeCloseTo(0, 9);
        },
      ),
    );
  });
});
