// From groups to datums: removal, and the advantages of episodes and tokens.

import type { Metrics } from '../training/types.ts';
import { assembleTrainingData, isTrainable, type RLDatum } from './datums.ts';
import type { WeightedMeans } from './means.ts';
import { removeConstantRewardGroups, rolloutMetrics } from './metrics.ts';
import { isTruncated } from './overlong.ts';
import type { RLRun } from './run.ts';
import { addUsage, rolloutUsage, type TokenUsage, trainingUsage } from './token_usage.ts';
import type { RolledOutGroup } from './types.ts';

export interface Batch {
  /** Empty where nothing is left to train on. */
  data_D: RLDatum[];
  /** What was sampled has log-probs that are no numbers: the policy is broken, and there is nothing to train on. */
  diverged: boolean;
  metrics: Metrics;
  /** Told of its tokens; those of a batch in parts are put together. */
  means: WeightedMeans;
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
  const { config, stop, advantages, usage } = run;
  const kept_P = config.remove_constant_reward_groups ? removeConstantRewardGroups(groups_P, constantGroups) : groups_P;
  for (const { group } of groups_P) {
    if (!kept_P.some((kept) => kept.group === group)) usage.recordDiscardedSampling(rolloutUsage(group));
  }
  const trained_P = kept_P.map(({ group }) => group);
  const assembled = assembleTrainingData(trained_P, advantages.ofEpisodes(trained_P));
  const trainable_D = assembled.data_D.flatMap((datum, d) => {
    const { group_idx, traj_idx } = assembled.origins_D[d];
    const masked = config.mask_truncated && isTruncated(trained_P[group_idx].trajectories_G[traj_idx]);
    return isTrainable(datum) && !masked ? [{ datum, group: kept_P[group_idx] }] : [];
  });
  const diverged = !trainable_D.every(({ datum }) => hasFiniteLogprobs(datum));
  const trained_D = diverged ? [] : trainable_D;
  const data_D = trained_D.map(({ datum }) => datum);
  const read = addUsage(...trained_P.map(rolloutUsage), trainingUsage(data_D));
  const metrics = rolloutMetrics(groups_P);
  if (advantages.ofTokens === null || data_D.length === 0) return { data_D, diverged, metrics, means: {}, usage: read };
  const groups_D = trained_D.map(({ group }) => group);
  const added = await advantages.ofTokens.add(data_D, groups_D, stop.signal);
  return { data_D: added.data_D, diverged, metrics, means: added.means, usage: addUsage(read, added.usage) };
}

const hasFiniteLogprobs = ({ loss_fn_inputs: { logprobs } }: RLDatum) => logprobs.data.every(Number.isFinite);

/** The loss of a policy that is broken, which ends the run as one that diverged. */
export const divergedMetric = (diverged: boolean): Metrics => (diverged ? { 'loss:sum': Number.NaN } : {});
