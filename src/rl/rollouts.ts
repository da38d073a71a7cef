// One group: its episodes, the rewards that take the whole group to know, and what became of those that failed.

import type { TokenCompleter } from '../completers/completers.ts';
import { seedFor } from '../util/random.ts';
import { clampOnLimit, type RolloutLimits, skipsGrading, type TerminationRewardPolicy } from './limits.ts';
import { doSingleRollout } from './rollout.ts';
import { GroupFailure, RolloutFailure, rolloutErrorOf, within } from './rollout_failure.ts';
import { type RolledOut, type RolloutStrategy, rollOutAll } from './strategies.ts';
import type { EnvGroupBuilder, GroupReward, RolloutError, TrajectoryGroup } from './types.ts';

export interface GroupRolloutOptions {
  policy: TokenCompleter;
  strategy: RolloutStrategy;
  limits: RolloutLimits;
  termination: TerminationRewardPolicy;
  /** Tokens that the model reads; null = whatever it is given. */
  contextLength: number | null;
  /** Decides all that is sampled in the group. */
  seed: number;
  signal?: AbortSignal;
}

export interface GroupRollout {
  /** Null: too many episodes failed, or their grading did. */
  group: TrajectoryGroup | null;
  /** Everything that failed on the way. */
  rollout_errors: RolloutError[];
}

/** @throws the signal's reason, and whatever is thrown where the strategy fails fast */
export async function doGroupRollout(builder: EnvGroupBuilder, options: GroupRolloutOptions): Promise<GroupRollout> {
  const { policy, strategy, limits, contextLength, seed, signal } = options;
  const rollout_errors: RolloutError[] = [];
  try {
    const rolledOut = await rollOutAll(
      builder,
      strategy,
      (env, slot, attempt, signal) =>
        doSingleRollout(policy, env, { limits, contextLength, seed: seedFor(seed, slot, attempt), signal }),
      signal,
    );
    rollout_errors.push(...rolledOut.rollout_errors);
    const { trajectories_G } = rolledOut;
    const graded_G = await gradeGroup(builder, rolledOut, options);
    const group = {
      trajectories_G,
      final_rewards_G: graded_G.map(({ reward }) => reward),
      metrics_G: graded_G.map(({ metrics }) => metrics),
      rollout_errors,
    };
    return { group, rollout_errors };
  } catch (error) {
    signal?.throwIfAborted();
    if (strategy.failFast) throw error;
    if (error instanceof GroupFailure && error.rollout_errors.length > 0) rollout_errors.push(...error.rollout_errors);
    else rollout_errors.push(rolloutErrorOf(error));
    return { group: null, rollout_errors };
  } finally {
    // What is left behind is the environment's affair, and no reason to lose a group.
    await builder.cleanup?.().catch((error: unknown) => rollout_errors.push(rolloutErrorOf(error)));
  }
}

/** What the group adds to each episode, 0 where it says nothing. */
async function gradeGroup(
  builder: EnvGroupBuilder,
  { trajectories_G, envs_G }: RolledOut,
  { termination, signal }: GroupRolloutOptions,
): Promise<GroupReward[]> {
  const nothing = () => trajectories_G.map((): GroupReward => ({ reward: 0, metrics: {} }));
  const grade = async (signal: AbortSignal | undefined) =>
    (await builder.computeGroupRewards?.(trajectories_G, envs_G, { signal })) ?? nothing();
  const graded_G = skipsGrading(termination, trajectories_G)
    ? nothing()
    : await within(termination.grader_timeout_seconds, 'grader_timeout', signal, grade);
  if (graded_G.length !== trajectories_G.length) {
    throw new RolloutFailure(
      'invalid_group_rewards',
      `${graded_G.length} rewards for ${trajectories_G.length} episodes`,
    );
  }
  const bad = graded_G.find(({ reward }) => !Number.isFinite(reward));
  if (bad !== undefined) throw new RolloutFailure('non_finite_reward', `a group was given the reward ${bad.reward}`);
  return graded_G.map((graded, g) => clampOnLimit(termination, trajectories_G[g], graded));
}
