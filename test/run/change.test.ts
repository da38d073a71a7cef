import { describe, expect, it } from 'vitest';
import { formatChange } from '../../src/run/change.ts';

describe('a change is told in percent', () => {
  it.each([
    ['test/nll', 2.314, 1.1198, '2.314 → 1.12  (−52 %)'],
    ['train_mean_bpb', 1, 1.25, '1 → 1.25  (+25 %)'],
    ['time/total', 8, 0.5, '8 → 0.5  (−94 %)'],
    ['test/nll', 8.804, 0.3361, '8.804 → 0.3361  (−96 %)'],
  ])('of %s from %d to %d', (metric, before, after, text) => {
    expect(formatChange({ metric, before, after })).toBe(text);
  });

  it.each([
    ['nothing', 3, 3, '3 → 3'],
    ['less than can be seen', 3, 3.001, '3 → 3.001'],
    ['less than a percent', 0.6941, 0.6907, '0.6941 → 0.6907  (−0.5 %)'],
    ['nearly a percent', 1, 1.00996, '1 → 1.01  (+1 %)'],
    ['more than the double', 0.6, 12.45, '0.6 → 12.45  (×21)'],
    ['a little more than the double', 1, 2.26, '1 → 2.26  (×2.3)'],
  ])('as far as that tells anything: %s', (_, before, after, text) => {
    expect(formatChange({ metric: 'my_loss', before, after })).toBe(text);
  });

  it.each([
    ['a reward, even a positive one', 'env/all/reward/total', 0.5, 0.75],
    ['a reward that crosses zero', 'test/env/all/reward/total', 0.5, -0.003],
    ['a share', 'test/accuracy', 0.1, 0.9],
    ['a rate of learning', 'learning_rate', 0.003, 0.001],
    ['a sum that may have either sign', 'loss:sum', 206.3, 15.63],
    ['a divergence, which starts at zero', 'optim/kl_sample_train_v2', 1e-13, 2e-13],
    ['what only has such a name in its own', 'lossless/score', 1, 2],
    ['a loss that is negative', 'loss', -2, -1],
    ['a loss that starts at zero', 'loss', 0, 1],
    ['a loss that ends at zero', 'loss', 1, 0],
    ['a loss that is close to zero at its end', 'loss', 2.3, 0.02],
    ['a loss that was close to zero at its beginning', 'loss', 0.02, 2.3],
  ])('but not that of %s', (_, metric, before, after) => {
    expect(formatChange({ metric, before, after })).toBe(`${before} → ${after}`);
  });
});
