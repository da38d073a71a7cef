// From groups to datums: removal, advantages, the penalty for leaving the reference.

import { scoreTargets } from '../training/score_targets.ts';
import type { Metrics } from '../training/types.ts';
import { computeAdvantages } from './advantages.ts';
import { assembleTrainingData, isTrainable, type RLDatum } from './datums.ts';
import { incorporateKlPenalty } from './kl_penalty.ts';
import { removeConstantRewardGroups, rolloutMetrics } from './metrics.ts';
import { isTruncated } from './overlong.ts';
import type { RLRun } from './run.ts';
import { addUsage, rolloutUsage, scoringUsage, type TokenUsage, trainingUsage } from './token_usage.ts';
import type { RolledOutGroup } from './types.ts';

export interface Batch {
  /** Empty where nothing is left to train on. */
  data_D: RLDatum[];
  /** What was sampled has log-probs that are no numbers: the policy is broken, and there is nothing to train on. */
  diverged: boolean;
  metrics: Metrics;
  /** Tokens that were sampled, scored and are trained on. */
  usage: TokenUsage;
}

/**
 * Metrics are of all groups that were rolled out, also of those that training leaves out.
 *
 * @param constantGroups what `remove_constant_reward_groups` does where no other group is left
 */
export async function prepareBatch(
  run: RLRun,
  groups_P: readonly RolledOutGroup[],
  constantGroups: 'keep_one' | 'drop',
): Promise<Batch> {
  const { config, stop, reference, usage } = run;
  const kept_P = config.remove_constant_reward_groups ? removeConstantRewardGroups(groups_P, constantGroups) : groups_P;
  for (const { group } of groups_P) {
    if (!kept_P.some((kept) => kept.group === group)) usage.recordDiscardedSampling(rolloutUsage(group));
  }
  const trained_P = kept_P.map(({ group }) => group);
  const assembled = assembleTrainingData(trained_P, computeAdvantages(trained_P, config.advantage));
  const trainable_D = assembled.data_D.filter((datum, d) => {
    const { group_idx, traj_idx } = assembled.origins_D[d];
    const masked = config.mask_truncated && isTruncated(trained_P[group_idx].trajectories_G[traj_idx]);
    return isTrainable(datum) && !masked;
  });
  const diverged = !trainable_D.every(hasFiniteLogprobs);
  const data_D = diverged ? [] : trainable_D;
  const sampled = addUsage(...trained_P.map(rolloutUsage));
  const metrics = rolloutMetrics(groups_P);
  if (reference === null || data_D.length === 0) {
    return { data_D, diverged, metrics, usage: addUsage(sampled, trainingUsage(data_D)) };
  }
  const scored_D = await scoreTargets(reference, data_D, stop.signal);
  const reference_D_T = scored_D.map(({ logprobs_T }) => logprobs_T);
  const { kl_penalty_coef: coef, kl_discount_factor: discount } = config;
  const penalized = incorporateKlPenalty(data_D, reference_D_T, { coef, discount });
  return {
    data_D: penalized.data_D,
    diverged,
    metrics: { ...metrics, kl_policy_base: penalized.kl_policy_base },
    usage: addUsage(
      sampled,
      trainingUsage(data_D),
      ...scored_D.map(({ input, response }) => scoringUsage(input, response)),
    ),
  };
}

const hasFiniteLogprobs = ({ loss_fn_inputs: { logprobs } }: RLDatum) => logprobs.data.every(Number.isFinite);

/** The loss of a policy that is broken, which ends the run as one that diverged. */
export const divergedMetric = (diverged: boolean): Metrics => (diverged ? { 'loss:sum': Number.NaN } : {});
