// The algorithms of reinforcement learning against the reference: inputs and results that its functions gave.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { TokenCompleter } from '../../src/completers/completers.ts';
import { advantagesOf, computeAdvantages, discountedFutureSum } from '../../src/rl/advantages.ts';
import { assembleTrainingData, type RLDatum, trajectoryToData } from '../../src/rl/datums.ts';
import { incorporateKlPenalty } from '../../src/rl/kl_penalty.ts';
import { NO_LIMITS } from '../../src/rl/limits.ts';
import { meansOf } from '../../src/rl/means.ts';
import {
  computeKlSampleTrain,
  computePostKl,
  computeTrajectoryMetrics,
  removeConstantRewardGroups,
} from '../../src/rl/metrics.ts';
import { doSingleRollout } from '../../src/rl/rollout.ts';
import { UsageTracker } from '../../src/rl/token_usage.ts';
import type { Env, Trajectory, TrajectoryGroup } from '../../src/rl/types.ts';
import { lengthOf, modelInputFromTokens, tokensOf } from '../../src/tinker/types.ts';

interface Turn {
  ob: number[];
  ac: number[];
  lp: number[];
  reward: number;
  metrics: Record<string, number>;
  seq?: string | null;
  cached: number;
}

interface GivenGroup {
  trajs: Turn[][];
  final: number[];
  metrics: Record<string, number>[];
}

interface GivenDatum {
  tokens: number[];
  logprobs: number[];
  advantages: number[];
  mask: number[];
}

interface Inputs {
  compute_advantages: { rewards: number[][] };
  discounted_future_sum: { x: number[]; gamma: number };
  trajectory_to_data: { transitions: Turn[]; advantage: number };
  assemble_training_data: { groups: GivenGroup[]; advantages: number[][] };
  incorporate_kl_penalty: {
    data: GivenDatum[];
    base_logprobs: (number | null)[][];
    coef: number;
    discount: number;
  };
  compute_kl_sample_train: { data: GivenDatum[]; training_logprobs: number[][] };
  compute_post_kl: { data: GivenDatum[]; new_logprobs: number[][] };
  compute_trajectory_metrics: { groups: GivenGroup[]; tags: string[][] };
  remove_constant_reward_groups: { total_rewards: number[][] };
  rollout_limits: {
    limits: Record<string, number>;
    initial_len: number;
    wanted_action_lens: number[];
    env_append_lens: number[];
  };
  cost_tracker: {
    rates_prefill_cached_sample_train: number[];
    ops_sampled_cached_uncached_trained: [string, number[]][];
  };
}

/** Of the results that are taken apart; the others are compared as they stand. */
interface Outputs {
  assemble_training_data: { advantages: number[][]; data: object[]; metadata: object[] };
  incorporate_kl_penalty: { advantages: number[][]; metrics: object };
  remove_constant_reward_groups: { kept: number[] };
}

interface Case<F extends keyof Inputs> {
  id: string;
  fn: F;
  input: Inputs[F];
  output: F extends keyof Outputs ? Outputs[F] : unknown;
}

const text = readFileSync(join(import.meta.dirname, 'golden/algorithms.json'), 'utf8');

function cases<F extends keyof Inputs>(fn: F): [string, Case<F>][] {
  const { cases }: { cases: Case<F>[] } = JSON.parse(text);
  return cases.filter((each) => each.fn === fn).map((each) => [each.id, each]);
}

const trajectoryOf = (turns: Turn[]): Trajectory => ({
  transitions: turns.map(({ ob, ac, lp, reward, metrics, seq = null, cached }, turn) => ({
    ob: modelInputFromTokens(ob),
    ac: { tokens: ac, logprobs: lp, stop_reason: 'stop', sequence_id: seq, prompt_cache_hit_tokens: cached },
    reward,
    episode_done: turn === turns.length - 1,
    metrics,
    logs: {},
  })),
  final_ob: modelInputFromTokens([]),
  stop_reason: null,
});

const groupOf = ({ trajs, final, metrics }: GivenGroup): TrajectoryGroup => ({
  trajectories_G: trajs.map(trajectoryOf),
  final_rewards_G: final,
  metrics_G: metrics,
  rollout_errors: [],
});

/** A group of these rewards whose episodes did nothing. */
const rewardedGroup = (rewards: number[]): TrajectoryGroup => ({
  trajectories_G: rewards.map(() => trajectoryOf([])),
  final_rewards_G: rewards,
  metrics_G: rewards.map(() => ({})),
  rollout_errors: [],
});

function datumOf({ tokens, logprobs, advantages, mask }: GivenDatum): RLDatum {
  const shape = [mask.length];
  const floats = (data: number[]) => ({ data, dtype: 'float32' as const, shape });
  return {
    model_input: modelInputFromTokens(tokens.slice(0, -1)),
    loss_fn_inputs: {
      target_tokens: { data: tokens.slice(1), dtype: 'int64', shape },
      logprobs: floats(logprobs),
      advantages: floats(advantages),
      mask: floats(mask),
    },
  };
}

/** A datum as the golden file writes it. */
const written = ({ model_input, loss_fn_inputs, model_input_spans, loss_fn_input_spans }: RLDatum) => ({
  input: tokensOf(model_input),
  ...Object.fromEntries(Object.entries(loss_fn_inputs).map(([name, { data }]) => [name, [...data]])),
  model_input_spans: model_input_spans ?? null,
  loss_fn_input_spans: loss_fn_input_spans ?? null,
});

/** The same value with numbers that are close instead of equal. */
function close(value: unknown): unknown {
  if (typeof value === 'number') return expect.toSatisfy(near(value));
  if (Array.isArray(value)) return value.map(close);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, close(each)]));
}
const near = (value: number) => (given: unknown) =>
  typeof given === 'number' && Math.abs(given - value) <= Math.max(2e-6, 1e-4 * Math.abs(value));

describe('advantages', () => {
  it.each(cases('compute_advantages'))('%s', (_, { input: { rewards }, output }) => {
    expect(computeAdvantages(rewards.map(rewardedGroup))).toEqual(close(output));
    expect(advantagesOf(rewards, 'centered')).toEqual(close(output));
  });
  it.each(cases('discounted_future_sum'))('%s', (_, { input: { x, gamma }, output }) => {
    expect([...discountedFutureSum(x, gamma)]).toEqual(close(output));
  });
});

describe('datums', () => {
  it.each(cases('trajectory_to_data'))('%s', (_, { input: { transitions, advantage }, output }) => {
    expect(trajectoryToData(trajectoryOf(transitions), advantage).map(written)).toEqual(close(output));
  });
  it.each(cases('assemble_training_data'))('%s', (_, { input, output }) => {
    const groups_P = input.groups.map(groupOf);
    const advantages_P_G = computeAdvantages(groups_P);
    const { data_D, origins_D } = assembleTrainingData(groups_P, advantages_P_G);
    expect(advantages_P_G).toEqual(close(output.advantages));
    expect(data_D.map(written)).toEqual(close(output.data));
    expect(origins_D).toEqual(output.metadata);
  });
});

describe('divergence', () => {
  it.each(cases('incorporate_kl_penalty'))('%s', (_, { input, output }) => {
    const data_D = input.data.map(datumOf);
    const reference_D_T = input.base_logprobs.map((logprobs) => logprobs.slice(1).map(Number));
    const penalty = { coef: input.coef, discount: input.discount };
    const penalized = incorporateKlPenalty(data_D, reference_D_T, penalty);
    expect(penalized.data_D.map(({ loss_fn_inputs }) => [...loss_fn_inputs.advantages.data])).toEqual(
      close(output.advantages),
    );
    expect(meansOf([{ kl_policy_base: penalized.kl_D }])).toEqual(close(output.metrics));
  });
  it.each(cases('compute_kl_sample_train'))('%s', (_, { input, output }) => {
    expect(computeKlSampleTrain(input.data.map(datumOf), input.training_logprobs)).toEqual(close(output));
  });
  it.each(cases('compute_post_kl'))('%s', (_, { input, output }) => {
    expect(computePostKl(input.data.map(datumOf), input.new_logprobs)).toEqual(close(output));
  });
});

describe('metrics', () => {
  it.each(cases('compute_trajectory_metrics'))('%s', (_, { input: { groups, tags }, output }) => {
    const tagged = groups.map((group, p) => ({ group: groupOf(group), tags: tags[p] }));
    expect(computeTrajectoryMetrics(tagged)).toEqual(close(output));
  });
  it.each(cases('remove_constant_reward_groups'))('%s', (_, { input: { total_rewards }, output }) => {
    const groups_P = total_rewards.map((rewards, index) => ({ group: rewardedGroup(rewards), index }));
    expect(removeConstantRewardGroups(groups_P).map(({ index }) => index)).toEqual(output.kept);
  });
  it.each(cases('cost_tracker'))('%s', (_, { input, output }) => {
    const [prefill, cached_prefill, sample, train] = input.rates_prefill_cached_sample_train;
    const tracker = new UsageTracker({ prefill, cached_prefill, sample, train });
    const rows = input.ops_sampled_cached_uncached_trained.map(([op, usage]) => {
      const [sampled, prefill_cached, prefill_uncached, trained] = usage;
      const tokens = { sampled, prefill_cached, prefill_uncached, trained };
      if (op === 'record_step') return tracker.recordStep(tokens);
      return op === 'extend_step' ? tracker.extendStep(tokens) : tracker.recordDiscardedSampling(tokens);
    });
    expect(rows).toEqual(close(output));
  });
});

describe('limits', () => {
  it.each(cases('rollout_limits'))('%s', async (_, { input, output }) => {
    const { limits, initial_len, wanted_action_lens, env_append_lens } = input;
    const tokens = (length: number) => modelInputFromTokens(new Array<number>(length).fill(7));
    const calls: { ob_len: number; max_tokens: number | null }[] = [];
    let length = initial_len;
    let turn = 0;
    const env: Env = {
      initialObservation: async () => ({ observation: tokens(length), stop_condition: [] }),
      async step({ tokens: action }) {
        length += action.length + env_append_lens[turn++];
        return { reward: 1, episode_done: turn === 5, next_observation: tokens(length), next_stop_condition: [] };
      },
    };
    const policy: TokenCompleter = {
      async complete(prompt, _stop, { maxTokens = null } = {}) {
        calls.push({ ob_len: lengthOf(prompt), max_tokens: maxTokens });
        const wanted = wanted_action_lens[turn];
        const given = Math.min(wanted, maxTokens ?? wanted);
        const logprobs = new Array<number>(given).fill(0);
        return { tokens: logprobs.map(() => 3), logprobs, stop_reason: given < wanted ? 'length' : 'stop' };
      },
    };
    const options = { limits: { ...NO_LIMITS, ...limits }, contextLength: null, seed: 0 };
    const { transitions, stop_reason } = await doSingleRollout(policy, env, options);
    const last = transitions[transitions.length - 1];
    expect({
      calls,
      stop_reason,
      turns: transitions.length,
      ac_lens: transitions.map(({ ac }) => ac.tokens.length),
      last_metrics: last.metrics,
      last_done: last.episode_done,
    }).toEqual(output);
  });
});
