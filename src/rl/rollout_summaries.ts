// The rollouts of an iteration, one line of JSON an episode (tinker_cookbook/rl/rollout_logging.py, schema_version 1).

import { lengthOf } from '../tinker/types.ts';
import { spellNumber } from '../util/json.ts';
import { type RolledOutGroup, totalRewards } from './types.ts';

/** `group_idx` counts the groups as they are given. Numbers that JSON has no word for are strings: "NaN". */
export function rolloutSummaryLines(split: string, iteration: number, groups_P: readonly RolledOutGroup[]): string[] {
  return groups_P.flatMap(({ group, tags, sampling_client_step }, group_idx) => {
    const totals_G = totalRewards(group);
    return group.trajectories_G.map(({ transitions, final_ob }, traj_idx) => {
      const summary = {
        schema_version: 1,
        split,
        iteration,
        group_idx,
        traj_idx,
        tags,
        sampling_client_step,
        total_reward: totals_G[traj_idx],
        final_reward: group.final_rewards_G[traj_idx],
        trajectory_metrics: group.metrics_G[traj_idx],
        steps: transitions.map(({ ob, ac, reward, episode_done, metrics, logs }, step_idx) => ({
          step_idx,
          ob_len: lengthOf(ob),
          ac_len: ac.tokens.length,
          reward,
          episode_done,
          metrics,
          logs,
        })),
        final_ob_len: lengthOf(final_ob),
      };
      return JSON.stringify(summary, spellNumber);
    });
  });
}
