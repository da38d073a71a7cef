// The rank correlation of Spearman, against numbers of scipy.stats.spearmanr.

import { expect, it } from 'vitest';
import { rankCorrelation } from '../../../src/report/study/correlation.ts';

it.each([
  [
    [
      [1, 1],
      [2, 4],
      [3, 9],
    ],
    1,
  ],
  [
    [
      [1e-4, 3],
      [1e-3, 2],
      [1e-2, 1],
      [1e-1, 0],
    ],
    -1,
  ],
  [
    [
      [1, 2],
      [2, 1],
      [3, 4],
      [4, 3],
      [5, 5],
    ],
    0.8,
  ],
  [
    [
      [1, 1],
      [1, 2],
      [2, 2],
      [2, 3],
    ],
    0.7071067811865475,
  ],
] as const)('of %j is %d', (pairs, rho) => {
  expect(rankCorrelation(pairs)).toBeCloseTo(rho, 12);
});

it('is none where a side does not vary, or for two pairs', () => {
  expect([
    rankCorrelation([
      [1, 1],
      [1, 2],
      [1, 3],
    ]),
    rankCorrelation([
      [1, 1],
      [2, 2],
    ]),
  ]).toEqual([null, null]);
});
