// How far an update has moved the policy on what it was trained on.

import type { Metrics } from '../training/types.ts';
import type { RLDatum } from './datums.ts';
import { scoreTargets } from './kl_penalty.ts';
import { computePostKl } from './metrics.ts';
import type { RLRun, Sampler } from './run.ts';
import { addUsage } from './token_usage.ts';

/** `kl_pre_post_v1` and `_v2`, and the tokens of the step with those that this takes; nothing unless `compute_post_kl`. */
export async function measurePostKl(
  { config, usage }: RLRun,
  sampler: Sampler,
  data_D: readonly RLDatum[],
): Promise<Metrics> {
  if (!config.compute_post_kl || data_D.length === 0) return {};
  const scored = await scoreTargets(sampler.client, data_D);
  return { ...computePostKl(data_D, scored.logprobs_D_T), ...usage.extendStep(addUsage(...scored.usage)) };
}
