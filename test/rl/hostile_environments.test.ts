// Environments and graders that are no TypeScript, or change what they were given: what is wrong is named and counted.

import { describe, expect, it } from 'vitest';
import type { TokenCompleter } from '../../src/completers/completers.ts';
import { checkedEnvs, checkedFirst, checkedGroupRewards, checkedStep, checkedTags } from '../../src/rl/checked.ts';
import { checkedDatasets } from '../../src/rl/checked_dataset.ts';
import { NO_LIMITS } from '../../src/rl/limits.ts';
import { RolloutErrorCounter } from '../../src/rl/rollout_errors.ts';
import { RolloutFailure, rolloutErrorOf } from '../../src/rl/rollout_failure.ts';
import { doGroupRollout, type GroupRollout } from '../../src/rl/rollouts.ts';
import type { Env, EnvGroupBuilder } from '../../src/rl/types.ts';
import { modelInputFromTokens } from '../../src/tinker/types.ts';

const policy: TokenCompleter = {
  complete: async () => ({ tokens: [7, 8], logprobs: [-1, -2], stop_reason: 'stop' }),
};

const done = { reward: 1, episode_done: true, next_observation: modelInputFromTokens([]), next_stop_condition: [] };

const env = (step: Env['step'] = async () => done): Env => ({
  initialObservation: async () => ({ observation: modelInputFromTokens([1]), stop_condition: [2] }),
  step,
});

const forever = () => new Promise<never>(() => {});

async function rollOut(
  builder: EnvGroupBuilder,
  { seconds = null, signal }: { seconds?: number | null; signal?: AbortSignal } = {},
): Promise<GroupRollout> {
  return await doGroupRollout(builder, {
    policy,
    strategy: { maxRetries: 0, minSuccessful: (size) => size, perRolloutTimeout: null, failFast: false },
    limits: { ...NO_LIMITS, rollout_timeout_seconds: seconds },
    termination: {
      zero_reward_on_limit: false,
      limit_stop_reasons: [],
      skip_grading_on_timeout: false,
      grader_timeout_seconds: seconds,
    },
    contextLength: null,
    seed: 0,
    signal,
  });
}

const typesOf = ({ rollout_errors }: GroupRollout) => rollout_errors.map(({ error_type }) => error_type);

function problemOf(check: () => unknown): string {
  try {
    check();
  } catch (error) {
    return error instanceof RolloutFailure ? `${error.type}: ${error.message}` : String(error);
  }
  return 'none';
}

describe('what an environment gives', () => {
  it.each([
    [undefined],
    [{ observation: [1, 2], stop_condition: [] }],
    [{ observation: { chunks: [] }, stop_condition: [] }],
    [{ observation: { chunks: [{ type: 'encoded_text', tokens: [1, -5] }] }, stop_condition: [] }],
    [{ observation: modelInputFromTokens([1]), stop_condition: [null, 'x', 3] }],
    [{ observation: modelInputFromTokens([1]) }],
    [{ overflow: true }],
  ])('first is refused by what is wrong with it: %j', (given) => {
    expect(problemOf(() => checkedFirst(given))).toMatchSnapshot();
  });

  it.each([
    ['nothing', undefined],
    ['a reward in quotes', { ...done, reward: '1' }],
    ['a reward that float32 has no room for', { ...done, reward: 1e308 }],
    ['a symbol for a reward', { ...done, reward: Symbol('x') }],
    ['a text for episode_done', { ...done, episode_done: 'false' }],
    ['no observation to go on with', { ...done, episode_done: false, next_observation: undefined }],
    ['a text for a metric', { ...done, metrics: { right: 'yes' } }],
    ['a bigint for a metric', { ...done, metrics: { right: 3n } }],
    ["a metric of the trainer's own", { ...done, metrics: { 'reward/total': 42 } }],
    ['a text for metrics', { ...done, metrics: 'hello' }],
  ])('for a step is refused by what is wrong with it: %s', (_, given) => {
    expect(problemOf(() => checkedStep(given))).toMatchSnapshot();
  });

  it('at the end may lack what comes next', () => {
    expect(checkedStep({ reward: 1, episode_done: true })).toMatchObject({ next_observation: { chunks: [] } });
  });

  it('as logs may be anything', () => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const { logs } = checkedStep({ ...done, logs: { text: 'a', number: 1, none: undefined, big: 5n, circular } });
    expect(logs).toEqual({ text: 'a', number: 1, big: '5n', circular: '<ref *1> { self: [Circular *1] }' });
  });

  it('as metrics may have any name', () => {
    const { metrics } = checkedStep({ ...done, metrics: JSON.parse('{"__proto__": 1, "a/b": 2, "": 3, "step": 4}') });
    expect(Object.entries(metrics)).toEqual([
      ['__proto__', 1],
      ['a/b', 2],
      ['', 3],
      ['step', 4],
    ]);
  });

  it.each([
    ['makeEnvs', () => checkedEnvs([undefined, {}])],
    ['makeEnvs', () => checkedEnvs(null)],
    ['computeGroupRewards', () => checkedGroupRewards(undefined, 2)],
    ['computeGroupRewards', () => checkedGroupRewards([1, 2], 2)],
    ['computeGroupRewards', () => checkedGroupRewards([{ reward: 1 }], 2)],
    ['loggingTags', () => checkedTags('abc')],
    ['loggingTags', () => checkedTags(['all'])],
  ])('for a group is refused by what is wrong with it: %s', (_, check) => {
    expect(problemOf(check)).toMatchSnapshot();
  });

  it('as a reward of the group needs no metrics', () => {
    expect(checkedGroupRewards([{ reward: 1 }], 1)).toEqual([{ reward: 1, metrics: {} }]);
  });
});

describe('a dataset', () => {
  const group = { makeEnvs: async () => [env()] };
  const dataset = (given: object) => ({ train: { length: 1, getBatch: () => [group], ...given } });

  it('without a held-out part is one without', () => {
    expect(checkedDatasets(dataset({}), 'mine').test).toBeNull();
  });

  it.each([
    ['nothing', () => checkedDatasets(null, 'mine')],
    ['no train', () => checkedDatasets({}, 'mine')],
    ['no batches', () => checkedDatasets(dataset({ length: 0 }), 'mine')],
    ['half a batch', () => checkedDatasets(dataset({ length: 2.5 }), 'mine')],
    ['a text for length', () => checkedDatasets(dataset({ length: '5' }), 'mine')],
    ['a batch of nothing', () => checkedDatasets(dataset({ getBatch: () => undefined }), 'mine').train.getBatch(0)],
    ['a batch with holes', () => checkedDatasets(dataset({ getBatch: () => [null] }), 'mine').train.getBatch(3)],
    [
      'a promise of a batch',
      () => checkedDatasets(dataset({ getBatch: async () => [group] }), 'mine').train.getBatch(0),
    ],
    ['an empty first batch', () => checkedDatasets(dataset({ getBatch: () => [] }), 'mine').train.getBatch(0)],
  ])('is refused by what is wrong with it: %s', (_, check) => {
    expect(problemOf(check)).toMatchSnapshot();
  });
});

describe('an environment that changes things', () => {
  it('changes no action that is trained on', async () => {
    const { group } = await rollOut({
      makeEnvs: async () => [
        env(async (action) => {
          action.tokens.length = 0;
          action.logprobs.fill(Number.NaN);
          return done;
        }),
      ],
    });
    expect(group?.trajectories_G[0].transitions[0].ac).toMatchObject({ tokens: [7, 8], logprobs: [-1, -2] });
  });

  it('changes no prompt that was answered, where it goes on in one list of tokens', async () => {
    const tokens = [1];
    const growing: Env = {
      initialObservation: async () => ({ observation: modelInputFromTokens(tokens), stop_condition: [2] }),
      async step(action) {
        tokens.push(...action.tokens, 9);
        const next_observation = modelInputFromTokens(tokens);
        return { reward: 0, episode_done: tokens.length > 4, next_observation, next_stop_condition: [2] };
      },
    };
    const { group } = await rollOut({ makeEnvs: async () => [growing] });
    expect(group?.trajectories_G[0].transitions.map(({ ob }) => ob)).toEqual([
      modelInputFromTokens([1]),
      modelInputFromTokens([1, 7, 8, 9]),
    ]);
  });

  it('as a grader changes no episode, and the group is left out', async () => {
    const rolledOut = await rollOut({
      makeEnvs: async () => [env()],
      async computeGroupRewards(trajectories_G) {
        for (const { transitions } of trajectories_G) transitions.length = 0;
        return trajectories_G.map(() => ({ reward: 0, metrics: {} }));
      },
    });
    expect(rolledOut.group).toBeNull();
    expect(typesOf(rolledOut)).toEqual(['TypeError']);
  });
});

describe('a group', () => {
  it('whose environments are never made is given up', async () => {
    expect(typesOf(await rollOut({ makeEnvs: forever }, { seconds: 0.05 }))).toEqual(['rollout_timeout']);
  });

  it.each<[string, EnvGroupBuilder['cleanup'], string]>([
    ['throws', () => Promise.reject(new RangeError('later')), 'RangeError'],
    [
      'throws at once',
      () => {
        throw new RangeError('now');
      },
      'RangeError',
    ],
    ['never ends', forever, 'cleanup_timeout'],
  ])('whose cleanup %s is trained on', async (_, cleanup, type) => {
    const rolledOut = await rollOut({ makeEnvs: async () => [env()], cleanup }, { seconds: 0.05 });
    expect(rolledOut.group?.trajectories_G).toHaveLength(1);
    expect(typesOf(rolledOut)).toEqual([type]);
  });

  it('whose cleanup never ends holds nobody who is asked to stop', async () => {
    const stop = new AbortController();
    const step = async () => {
      stop.abort(new Error('stop'));
      return await forever();
    };
    const rolledOut = rollOut({ makeEnvs: async () => [env(step)], cleanup: forever }, { signal: stop.signal });
    await expect(rolledOut).rejects.toThrow('stop');
  });

  it('whose tags cannot be told is left out', async () => {
    const loggingTags = () => {
      throw new RangeError('no tags');
    };
    expect(typesOf(await rollOut({ makeEnvs: async () => [env()], loggingTags }))).toEqual(['RangeError']);
  });
});

describe('an error', () => {
  it('that cannot be read is counted all the same', () => {
    const unreadable = new Error('x');
    Object.defineProperty(unreadable, 'message', {
      get() {
        throw new Error('no message');
      },
    });
    const named = Object.assign(new Error('x'), { name: Symbol('x') });
    expect([unreadable, named].map((error) => rolloutErrorOf(error).error_type)).toEqual(['Error', 'Error']);
  });

  it('of the name of a total is counted under another', () => {
    const errors = new RolloutErrorCounter(() => undefined);
    errors.count(
      [
        { error_type: 'total', error_message: '' },
        { error_type: 'groups_skipped', error_message: '' },
      ],
      { skipped: true },
    );
    expect(errors.metrics()).toEqual({
      'rollout_errors/total_': 1,
      'rollout_errors/groups_skipped_': 1,
      'rollout_errors/total': 2,
      'rollout_errors/groups_skipped': 1,
    });
  });

  it('of a new name every time fills neither the log nor the terminal', () => {
    const warnings: string[] = [];
    const errors = new RolloutErrorCounter((message) => warnings.push(message));
    for (let i = 0; i < 1000; i++) errors.count([{ error_type: `E${i}`, error_message: '' }], { skipped: false });
    const { 'rollout_errors/total': total, ...types } = errors.metrics();
    expect(total).toBe(1000);
    expect(Object.values(types).reduce<number>((sum, count) => sum + Number(count), 0)).toBe(1000);
    expect(Object.keys(types).length).toBeLessThan(100);
    expect(warnings.length).toBeLessThan(100);
  });
});
