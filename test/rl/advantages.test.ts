import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ADVANTAGES, advantagesOf } from '../../src/rl/advantages.ts';

const rewards_P_G = fc.array(fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 1, maxLength: 8 }), {
  minLength: 1,
  maxLength: 6,
});
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('advantages', () => {
  it.each(ADVANTAGES)('of a group cancel out: %s', (kind) => {
    fc.assert(
      fc.property(rewards_P_G, (rewards) => {
        for (const group of advantagesOf(rewards, kind)) {
          const size = Math.max(1, ...group.map(Math.abs));
          expect(Math.abs(mean(group)) / size).toBeLessThan(1e-9);
        }
      }),
    );
  });

  it.each(ADVANTAGES)('of a group that did alike, or of one, are 0: %s', (kind) => {
    expect(advantagesOf([[0.5], [1, 1, 1]], kind).flat()).toEqual([0, 0, 0, 0]);
  });

  it('leave one out compares with the others alone', () => {
    fc.assert(
      fc.property(rewards_P_G, (rewards) => {
        for (const [p, group] of advantagesOf(rewards, 'leave_one_out').entries()) {
          if (group.length < 2) continue;
          for (const [g, advantage] of group.entries()) {
            const others = rewards[p].filter((_, other) => other !== g);
            expect(advantage).toBeCloseTo(rewards[p][g] - mean(others), 8);
          }
        }
      }),
    );
  });

  it('are divided by the deviation of the group, or of the batch', () => {
    const rewards = [
      [0, 2],
      [0, 20],
    ];
    for (const [first] of advantagesOf(rewards, 'normalized')) expect(first).toBeCloseTo(-Math.SQRT1_2, 3);
    const [small, large] = advantagesOf(rewards, 'batch_normalized').map(([first]) => first);
    expect(large / small).toBeCloseTo(10);
    // Of −1, 1, −10 and 10 the deviation is √(202 / 3).
    expect(large).toBeCloseTo(-10 / Math.sqrt(202 / 3), 3);
  });
});
