// What becomes of answers that use up their tokens: a penalty that grows towards the bound, or no part in training
// (DAPO, arXiv 2503.14476, "soft overlong punishment" and "overlong filtering").

import type { EnvMetrics, Trajectory, TrajectoryGroup } from './types.ts';

export interface OverlongPolicy {
  max_tokens: number;
  overlong_buffer_tokens: number;
  overlong_penalty: number;
  mask_truncated: boolean;
}

/** The group with what their longest actions cost as part of what it adds to each of its episodes. */
export function shapeOverlong(
  group: TrajectoryGroup,
  { max_tokens, overlong_buffer_tokens: buffer, overlong_penalty }: OverlongPolicy,
): TrajectoryGroup {
  if (buffer === 0) return group;
  const free = max_tokens - buffer;
  const costOf = ({ transitions }: Trajectory) => {
    const longest = Math.max(...transitions.map(({ ac }) => ac.tokens.length));
    return longest <= free ? 0 : overlong_penalty * Math.min(1, (longest - free) / buffer);
  };
  const costs_G = group.trajectories_G.map(costOf);
  return {
    ...group,
    final_rewards_G: group.final_rewards_G.map((reward, g) => reward - costs_G[g]),
    metrics_G: group.metrics_G.map((metrics, g): EnvMetrics => ({ ...metrics, overlong_penalty: costs_G[g] })),
  };
}

/** Whether the last action was cut. */
export const isTruncated = ({ transitions }: Trajectory): boolean => transitions.at(-1)?.ac.stop_reason === 'length';
