// A penalty on every token for leaving a reference policy, as part of its advantage (tinker_cookbook/rl/metrics.py).

import { discountedFutureSum } from './advantages.ts';
import type { RLDatum } from './datums.ts';

export interface KlPenalty {
  /** How much a nat of difference from the mean costs. */
  coef: number;
  /** 0: each token pays for itself; else for those behind it too, discounted. */
  discount: number;
}

/**
 * The data with coef · (mean − difference) added to the advantage of every target that counts, where the difference is that
 * of the log-probs under the policy and under the reference, and its mean is over the batch, so that a penalty for some is a
 * reward for others. `kl_policy_base` is that mean, in nats.
 *
 * @param reference_D_T log-probs of the targets under the reference
 */
export function incorporateKlPenalty(
  data_D: readonly RLDatum[],
  reference_D_T: readonly ArrayLike<number>[],
  { coef, discount }: KlPenalty,
): { data_D: RLDatum[]; kl_policy_base: number } {
  const difference_D_T = data_D.map(({ loss_fn_inputs: { logprobs, mask } }, d) =>
    Float64Array.from(mask.data, (weight, t) => (weight === 0 ? 0 : weight * (logprobs.data[t] - reference_D_T[d][t]))),
  );
  let total = 0;
  let count = 0;
  for (const [d, { loss_fn_inputs }] of data_D.entries()) {
    for (const difference of difference_D_T[d]) total += difference;
    for (const weight of loss_fn_inputs.mask.data) count += weight;
  }
  const mean = total / count;
  const penalized_D = data_D.map((datum, d): RLDatum => {
    const { advantages, mask } = datum.loss_fn_inputs;
    const bonus_T = Float32Array.from(mask.data, (weight, t) => coef * weight * (mean - difference_D_T[d][t]));
    const added_T = discount > 0 ? discountedFutureSum(bonus_T, discount) : bonus_T;
    const data = Float32Array.from(advantages.data, (advantage, t) => advantage + added_T[t]);
    return { ...datum, loss_fn_inputs: { ...datum.loss_fn_inputs, advantages: { ...advantages, data } } };
  });
  return { data_D: penalized_D, kl_policy_base: mean };
}
