// How far an update has moved the policy on what it was trained on.

import { scoreTargets } from '../training/score_targets.ts';
import type { Metrics } from '../training/types.ts';
import type { RLDatum } from './datums.ts';
import { computePostKl } from './metrics.ts';
import type { RLRun, Sampler } from './run.ts';
import { addUsage, scoringUsage } from './token_usage.ts';

/** `kl_pre_post_v1` and `_v2`, and the tokens of the step with those that this takes; nothing unless `compute_post_kl`. */
export async function measurePostKl(
  { config, usage }: RLRun,
  sampler: Sampler,
  data_D: readonly RLDatum[],
): Promise<Metrics> {
  if (!config.compute_post_kl || data_D.length === 0) return {};
  const scored_D = await scoreTargets(sampler.client, data_D);
  const updated_D_T = scored_D.map(({ logprobs_T }) => logprobs_T);
  const read = addUsage(...scored_D.map(({ input }) => scoringUsage(input)));
  return { ...computePostKl(data_D, updated_D_T), ...usage.extendStep(read) };
}
