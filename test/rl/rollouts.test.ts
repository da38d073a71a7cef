// Groups under strategies, limits and policies, with scripted environments and a policy that says what it is told.

import { describe, expect, it } from 'vitest';
import type { TokenCompleter } from '../../src/completers/completers.ts';
import { Registry } from '../../src/registry/registry.ts';
import type { TerminationRewardPolicy } from '../../src/rl/limits.ts';
import { NO_LIMITS } from '../../src/rl/limits.ts';
import { doGroupRollout } from '../../src/rl/rollouts.ts';
import { rolloutStrategies, rolloutStrategySlot } from '../../src/rl/strategies.ts';
import type { Env, EnvGroupBuilder } from '../../src/rl/types.ts';
import { modelInputFromTokens } from '../../src/tinker/types.ts';

const NO_TERMINATION: TerminationRewardPolicy = {
  zero_reward_on_limit: false,
  limit_stop_reasons: ['max_tokens', 'max_sampled_tokens', 'max_turns', 'max_tool_calls', 'rollout_timeout'],
  skip_grading_on_timeout: false,
  grader_timeout_seconds: null,
};

const strategy = (name: string, params: object = {}) =>
  new Registry(rolloutStrategies).build(rolloutStrategySlot, { builder: name, ...params }, {});

/** Says its seed, so that what was sampled tells how. */
const policy: TokenCompleter = {
  complete: async (_prompt, _stop, { seed = 0 } = {}) => ({ tokens: [seed], logprobs: [-1], stop_reason: 'stop' }),
};

/** An episode of so many turns, each with a reward of 1; `step` may throw or wait. */
function countingEnv(turns: number, step: (turn: number) => Promise<void> | void = () => undefined): Env {
  let turn = 0;
  const observation = () => modelInputFromTokens([turn]);
  return {
    initialObservation: async () => ({ observation: observation(), stop_condition: [0] }),
    async step() {
      await step(turn++);
      return { reward: 1, episode_done: turn === turns, next_observation: observation(), next_stop_condition: [0] };
    },
  };
}

async function rollOut(
  builder: EnvGroupBuilder,
  {
    name = 'retry_on_failure',
    params = {},
    limits = {},
    termination = {},
    seed = 0,
  }: { name?: string; params?: object; limits?: object; termination?: object; seed?: number } = {},
) {
  return await doGroupRollout(builder, {
    policy,
    strategy: await strategy(name, params),
    limits: { ...NO_LIMITS, ...limits },
    termination: { ...NO_TERMINATION, ...termination },
    contextLength: null,
    seed,
  });
}

const fail = () => {
  throw new Error('broken');
};
const forever = () => new Promise<never>(() => {});
/** Slot s fails in its first `failures[s]` tries. */
function failing(failures: readonly number[], coupled = false): EnvGroupBuilder & { made: number } {
  const tries = failures.map(() => 0);
  return {
    made: 0,
    coupled,
    async makeEnvs() {
      this.made++;
      return failures.map((count, slot) => countingEnv(1, () => (tries[slot]++ < count ? fail() : undefined)));
    },
  };
}

describe('what is sampled', () => {
  const sampled = async (seed: number) => {
    const { group } = await rollOut({ makeEnvs: async () => [countingEnv(2), countingEnv(2)] }, { seed });
    return group?.trajectories_G.flatMap(({ transitions }) => transitions.map(({ ac }) => ac.tokens[0]));
  };

  it('depends on the seed of the group, the episode and the turn', async () => {
    expect(new Set(await sampled(1)).size).toBe(4);
    expect(await sampled(1)).toEqual(await sampled(1));
    expect(await sampled(2)).not.toEqual(await sampled(1));
  });
});

describe('retry_on_failure', () => {
  it('tries failed episodes again, and only those, within a budget of the whole group', async () => {
    const builder = failing([0, 1, 2]);
    const { group, rollout_errors } = await rollOut(builder);
    expect(group?.trajectories_G).toHaveLength(3);
    expect(rollout_errors).toHaveLength(3);
    expect(builder.made).toBe(3);
  });

  it('gives the group up when the budget is used up', async () => {
    expect((await rollOut(failing([2, 2]), { params: { max_retries: 3 } })).group).toBeNull();
    expect((await rollOut(failing([1]), { params: { max_retries: 0 } })).group).toBeNull();
  });
});

describe('environments', () => {
  it('are all closed, those too that were made again and not needed', async () => {
    const builder = failing([0, 1, 0]);
    let [made, closed] = [0, 0];
    const counted: EnvGroupBuilder = {
      async makeEnvs() {
        const envs = await builder.makeEnvs();
        made += envs.length;
        return envs.map((env) => ({ ...env, close: () => void closed++ }));
      },
    };
    expect((await rollOut(counted)).group).not.toBeNull();
    expect(made).toBe(6);
    expect(closed).toBe(made);
  });
});

describe('min_viable_group', () => {
  it('leaves failed episodes out while enough succeed', async () => {
    const builder = failing([9, 0, 0, 0]);
    const { group } = await rollOut(builder, { name: 'min_viable_group' });
    expect(group?.trajectories_G).toHaveLength(3);
    expect(builder.made).toBe(1);
  });

  it('tries again as many as are missing', async () => {
    const builder = failing([1, 1, 0, 0]);
    const { group } = await rollOut(builder, { name: 'min_viable_group' });
    expect(group?.trajectories_G).toHaveLength(3);
    expect(builder.made).toBe(2);
  });

  it('gives the group up below its floor', async () => {
    const params = { min_successful: 2, max_retries: 1 };
    expect((await rollOut(failing([9, 9, 0]), { name: 'min_viable_group', params })).group).toBeNull();
  });
});

describe('coupled environments', () => {
  it('are tried again together, and those that wait for one that failed are not waited for', async () => {
    let attempt = 0;
    const builder: EnvGroupBuilder = {
      coupled: true,
      async makeEnvs() {
        const isFirst = attempt++ === 0;
        return [countingEnv(1, isFirst ? fail : undefined), countingEnv(1, isFirst ? forever : undefined)];
      },
    };
    const { group, rollout_errors } = await rollOut(builder);
    expect(group?.trajectories_G).toHaveLength(2);
    expect(rollout_errors.map(({ error_message }) => error_message)).toEqual(['broken']);
  });
});

describe('an episode that takes too long', () => {
  it('keeps the turns that it has', async () => {
    const slow = { makeEnvs: async () => [countingEnv(3, (turn) => (turn === 1 ? forever() : undefined))] };
    const { group } = await rollOut(slow, { limits: { rollout_timeout_seconds: 0.05 } });
    const [trajectory] = group?.trajectories_G ?? [];
    expect(trajectory.transitions).toHaveLength(1);
    expect(trajectory.stop_reason).toBe('rollout_timeout');
    expect(trajectory.transitions[0]).toMatchObject({ episode_done: true, metrics: { 'stop/rollout_timeout': 1 } });
  });

  it('fails where it has none, and is told what time it had', async () => {
    const hung = { makeEnvs: async () => [countingEnv(1, forever)] };
    const { rollout_errors } = await rollOut(hung, { limits: { rollout_timeout_seconds: 0.05 } });
    expect(rollout_errors[0]).toMatchObject({ error_message: 'it took longer than 0.05 seconds' });
  });

  it('fails where its strategy says so', async () => {
    const slow = { makeEnvs: async () => [countingEnv(1, forever)] };
    const params = { max_retries: 1, per_rollout_timeout_seconds: 0.05 };
    const { group, rollout_errors } = await rollOut(slow, { params });
    expect(group).toBeNull();
    expect(rollout_errors.map(({ error_type }) => error_type)).toEqual(['rollout_timeout', 'rollout_timeout']);
  });
});

describe('rewards of a group', () => {
  const graded = (reward: number): EnvGroupBuilder => ({
    makeEnvs: async () => [countingEnv(3)],
    computeGroupRewards: async () => [{ reward, metrics: { graded: 1 } }],
  });

  it('are added to those of the steps', async () => {
    const { group } = await rollOut(graded(5));
    expect(group).toMatchObject({ final_rewards_G: [5], metrics_G: [{ graded: 1 }] });
  });

  it('of episodes that a limit ended can be kept from being above 0', async () => {
    const limits = { max_turns: 2 };
    const termination = { zero_reward_on_limit: true };
    const { group } = await rollOut(graded(5), { limits, termination });
    expect(group?.final_rewards_G).toEqual([-2]);
    expect(group?.metrics_G).toEqual([{ graded: 1, zero_reward_on_limit: 1 }]);
    expect((await rollOut(graded(-7), { limits, termination })).group?.final_rewards_G).toEqual([-7]);
    expect((await rollOut(graded(5), { termination })).group?.final_rewards_G).toEqual([5]);
  });

  it('are not asked for where all episodes have timed out', async () => {
    const slow: EnvGroupBuilder = {
      makeEnvs: async () => [countingEnv(2, (turn) => (turn === 1 ? forever() : undefined))],
      computeGroupRewards: fail,
    };
    const options = { limits: { rollout_timeout_seconds: 0.05 }, termination: { skip_grading_on_timeout: true } };
    expect((await rollOut(slow, options)).group?.final_rewards_G).toEqual([0]);
  });

  it('must be as many as the episodes', async () => {
    const builder: EnvGroupBuilder = { makeEnvs: async () => [countingEnv(1)], computeGroupRewards: async () => [] };
    const { group, rollout_errors } = await rollOut(builder);
    expect(group).toBeNull();
    expect(rollout_errors[0].error_type).toBe('invalid_group_rewards');
  });
});

describe('cleaning up', () => {
  it('happens once, also behind a failure, and is no failure of the group', async () => {
    let cleaned = 0;
    const cleanup = async () => {
      cleaned++;
      fail();
    };
    const good = await rollOut({ makeEnvs: async () => [countingEnv(1)], cleanup });
    expect(good.group).not.toBeNull();
    expect(good.rollout_errors).toHaveLength(1);
    expect((await rollOut({ makeEnvs: fail, cleanup })).group).toBeNull();
    expect(cleaned).toBe(2);
  });
});
