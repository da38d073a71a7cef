// Advantages: how much better than its group an episode did.

import { type TrajectoryGroup, totalRewards } from './types.ts';

/**
 * - `centered`: r − mean of the group (the reference's; no division, see arXiv 2503.20783).
 * - `leave_one_out`: r − mean of the others (RLOO, arXiv 2402.14740).
 * - `normalized`: (r − mean) / standard deviation of the group (GRPO, arXiv 2402.03300).
 * - `batch_normalized`: centered in the group, then divided by the standard deviation of the batch (REINFORCE++-baseline,
 *   arXiv 2501.03262).
 */
export const ADVANTAGES = ['centered', 'leave_one_out', 'normalized', 'batch_normalized'] as const;
export type AdvantageKind = (typeof ADVANTAGES)[number];

/** Added to standard deviations, as TRL does. */
const EPS = 1e-4;

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** With n − 1 in the denominator; 0 of fewer than two values. */
function standardDeviation(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const center = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - center) ** 2, 0) / (values.length - 1));
}

/** The advantage of each trajectory of each group. In a group of one it is 0. */
export function computeAdvantages(groups_P: readonly TrajectoryGroup[], kind: AdvantageKind = 'centered'): number[][] {
  return advantagesOf(groups_P.map(totalRewards), kind);
}

/** The same from rewards, one list a group. */
export function advantagesOf(rewards_P_G: readonly (readonly number[])[], kind: AdvantageKind): number[][] {
  const centered_P_G = rewards_P_G.map((rewards_G) => {
    const baseline = mean(rewards_G);
    return rewards_G.map((reward) => reward - baseline);
  });
  switch (kind) {
    case 'centered':
      return centered_P_G;
    case 'leave_one_out':
      // r − mean of the others = (r − mean) · G / (G − 1)
      return scaled(centered_P_G, (p) =>
        rewards_P_G[p].length < 2 ? 0 : rewards_P_G[p].length / (rewards_P_G[p].length - 1),
      );
    case 'normalized':
      return scaled(centered_P_G, (p) => 1 / (standardDeviation(rewards_P_G[p]) + EPS));
    case 'batch_normalized': {
      const deviation = standardDeviation(centered_P_G.flat());
      return scaled(centered_P_G, () => 1 / (deviation + EPS));
    }
  }
}

const scaled = (values_P_G: readonly number[][], factor: (p: number) => number) =>
  values_P_G.map((values_G, p) => values_G.map((value) => value * factor(p)));

/** y[t] = x[t] + gamma · y[t + 1]. */
export function discountedFutureSum(x_T: ArrayLike<number>, gamma: number): Float32Array {
  const result_T = new Float32Array(x_T.length);
  let future = 0;
  for (let t = x_T.length - 1; t >= 0; t--) {
    future = x_T[t] + gamma * future;
    result_T[t] = future;
  }
  return result_T;
}
