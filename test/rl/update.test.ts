// Metrics of the parts of an update as those of the whole.

import { expect, it } from 'vitest';
import { reduceMetrics } from '../../src/rl/update.ts';

it('sums are summed, maxima are the largest, and all else is averaged', () => {
  const parts = [
    { 'loss:sum': 1, 'optim/ratio_max': 3, 'optim/ratio_mean': 1 },
    { 'loss:sum': 2, 'optim/ratio_max': 7, 'optim/ratio_mean': 2 },
  ];
  expect(reduceMetrics(parts)).toEqual({ 'loss:sum': 3, 'optim/ratio_max': 7, 'optim/ratio_mean': 1.5 });
});
