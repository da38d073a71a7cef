// One group: its episodes, the rewards that take the whole group to know, and what became of those that failed.

import type { TokenCompleter } from '../completers/completers.ts';
import { seedFor } from '../util/random.ts';
import { checkedEnvs, checkedGroupRewards, checkedTags, unchangeable } from './checked.ts';
import { clampOnLimit, type RolloutLimits, skipsGrading, type TerminationRewardPolicy } from './limits.ts';
import { doSingleRollout } from './rollout.ts';
import { GroupFailure, rolloutErrorOf, within } from './rollout_failure.ts';
import { type RolledOut, type RolloutStrategy, rollOutAll } from './strategies.ts';
import type { EnvGroupBuilder, GroupReward, RolloutError, StepOptions, TrajectoryGroup } from './types.ts';

export interface GroupRolloutOptions {
  policy: TokenCompleter;
  strategy: RolloutStrategy;
  limits: RolloutLimits;
  termination: TerminationRewardPolicy;
  /** Tokens that the model reads; null = whatever it is given. */
  contextLength: number | null;
  /** Decides all that is sampled in the group. */
  seed: number;
  /** Updates that the policy has seen; absent where no run trains it. */
  policyStep?: number;
  signal?: AbortSignal;
}

export interface GroupRollout {
  /** Null: too many episodes failed, or their grading did. */
  group: TrajectoryGroup | null;
  /** Its `loggingTags`. */
  tags: string[];
  /** Everything that failed on the way. */
  rollout_errors: RolloutError[];
}

/** @throws the signal's reason, and whatever is thrown where the strategy fails fast */
export async function doGroupRollout(builder: EnvGroupBuilder, options: GroupRolloutOptions): Promise<GroupRollout> {
  const { policy, strategy, limits, contextLength, seed, policyStep, signal } = options;
  const rollout_errors: RolloutError[] = [];
  try {
    const tags = checkedTags(builder.loggingTags?.());
    const { rollout_timeout_seconds } = limits;
    const makeEnvs = async (options?: StepOptions) =>
      checkedEnvs(
        await within(rollout_timeout_seconds, 'rollout_timeout', options?.signal, (signal) =>
          builder.makeEnvs({ signal, policyStep }),
        ),
      );
    const rolledOut = await rollOutAll(
      { makeEnvs, coupled: builder.coupled === true },
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
    return { group, tags, rollout_errors };
  } catch (error) {
    signal?.throwIfAborted();
    if (strategy.failFast) throw error;
    if (error instanceof GroupFailure && error.rollout_errors.length > 0) rollout_errors.push(...error.rollout_errors);
    else rollout_errors.push(rolloutErrorOf(error));
    return { group: null, tags: [], rollout_errors };
  } finally {
    await cleanUp(builder, options).catch((error: unknown) => rollout_errors.push(rolloutErrorOf(error)));
  }
}

/** Seconds that a group has to let go when nobody waits any more. */
const LAST_MOMENT = 1;

/** What is left behind is the environment's affair, and no reason to lose a group. */
async function cleanUp(builder: EnvGroupBuilder, { termination, signal }: GroupRolloutOptions): Promise<void> {
  const { grader_timeout_seconds: seconds } = termination;
  const [most, waiting] = signal?.aborted === true ? [LAST_MOMENT, undefined] : [seconds, signal];
  await within(most, 'cleanup_timeout', waiting, async () => await builder.cleanup?.());
}

/** What the group adds to each episode, 0 where it says nothing. */
async function gradeGroup(
  builder: EnvGroupBuilder,
  { trajectories_G, envs_G }: RolledOut,
  { termination, signal }: GroupRolloutOptions,
): Promise<GroupReward[]> {
  const nothing = () => trajectories_G.map((): GroupReward => ({ reward: 0, metrics: {} }));
  const grade = async (signal: AbortSignal | undefined) => {
    if (builder.computeGroupRewards === undefined) return nothing();
    const given = await builder.computeGroupRewards(trajectories_G.map(unchangeable), [...envs_G], { signal });
    return checkedGroupRewards(given, trajectories_G.length);
  };
  const graded_G = skipsGrading(termination, trajectories_G)
    ? nothing()
    : await within(termination.grader_timeout_seconds, 'grader_timeout', signal, grade);
  return graded_G.map((graded, g) => clampOnLimit(termination, trajectories_G[g], graded));
}
