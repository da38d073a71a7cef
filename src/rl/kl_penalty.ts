// A penalty on every token for leaving a reference policy, as part of its advantage (tinker_cookbook/rl/metrics.py).

import { discountedFutureSum } from './advantages.ts';
import type { RLDatum } from './datums.ts';
import type { Share } from './means.ts';

export interface KlPenalty {
  /** How much a nat of difference costs. */
  coef: number;
  /** 0: each token pays for itself; else for those behind it too, discounted. */
  discount: number;
  /** What costs nothing: the mean difference of the batch, so that a penalty for some is a reward for others, or none at all. */
  baseline?: 'mean' | 'zero';
}

/**
 * The data with coef · (baseline − difference) added to the advantage of every target that counts, where the difference is that
 * of the log-probs under the policy and under the reference. `kl_D` are the sums of the differences, in nats, and of the targets.
 *
 * @param reference_D_T log-probs of the targets under the reference
 */
export function incorporateKlPenalty(
  data_D: readonly RLDatum[],
  reference_D_T: readonly ArrayLike<number>[],
  { coef, discount, baseline = 'mean' }: KlPenalty,
): { data_D: RLDatum[]; kl_D: Share[] } {
  const difference_D_T = data_D.map(({ loss_fn_inputs: { logprobs, mask } }, d) =>
    Float64Array.from(mask.data, (weight, t) => (weight === 0 ? 0 : weight * (logprobs.data[t] - reference_D_T[d][t]))),
  );
  const kl_D = data_D.map(({ loss_fn_inputs: { mask } }, d) => ({
    total: sum(difference_D_T[d]),
    count: sum(mask.data),
  }));
  const mean = sum(kl_D.map(({ total }) => total)) / sum(kl_D.map(({ count }) => count));
  const free = baseline === 'mean' ? mean : 0;
  const penalized_D = data_D.map((datum, d): RLDatum => {
    const { advantages, mask } = datum.loss_fn_inputs;
    const bonus_T = Float32Array.from(mask.data, (weight, t) => coef * weight * (free - difference_D_T[d][t]));
    const added_T = discount > 0 ? discountedFutureSum(bonus_T, discount) : bonus_T;
    const data = Float32Array.from(advantages.data, (advantage, t) => advantage + added_T[t]);
    return { ...datum, loss_fn_inputs: { ...datum.loss_fn_inputs, advantages: { ...advantages, data } } };
  });
  return { data_D: penalized_D, kl_D };
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}
