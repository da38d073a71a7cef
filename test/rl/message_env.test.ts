// Environments of messages, played through a renderer as a policy plays them.

import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/renderers/types.ts';
import { trajectoryToData } from '../../src/rl/datums.ts';
import { type EnvFromMessageEnvOptions, envFromMessageEnv, type MessageEnv } from '../../src/rl/message_env.ts';
import type { ParseErrorPolicy } from '../../src/rl/parse_errors.ts';
import { END, play, type Reply, testRenderer } from './support/scripted_policy.ts';

const renderer = testRenderer();

/** Echoes what is said, for as many turns. */
function echo(turns: number, { told = true, cut = false, stop = '' } = {}): MessageEnv & { history: Message[] } {
  const history: Message[] = [{ role: 'user', content: 'begin' }];
  const env: MessageEnv & { history: Message[] } = {
    history,
    initialObservation: async () => [...history],
    async step(message) {
      history.push(message, { role: 'user', content: `echo ${message.content}` });
      turns--;
      return {
        reward: 0.5,
        episode_done: turns === 0,
        next_messages: [...history],
        metrics: { steps: 1 },
        logs: { said: String(message.content) },
        ...(stop === '' ? {} : { next_stop_condition: [stop] }),
      };
    },
  };
  if (told) {
    env.addMessages = async (messages) => {
      history.push(...messages);
      return [...history];
    };
  }
  if (cut) {
    env.observeTruncatedResponse = async (message) => {
      history.push(message);
      return { reward: 0, episode_done: false, next_messages: [...history] };
    };
  }
  return env;
}

const playEcho = (messageEnv: MessageEnv, script: readonly Reply[], options: Partial<EnvFromMessageEnvOptions> = {}) =>
  play(envFromMessageEnv({ renderer, messageEnv, ...options }), script, { renderer });

const POLICY: ParseErrorPolicy = {
  max_consecutive: 1,
  retry_message_template: 'Again: {details} ($&)',
  penalty_per_error: 0.25,
  terminal_reward: -2,
  mask_error_turns: false,
};
const UNREADABLE = `a${END}b${END}`;

describe('an episode', () => {
  it('goes on as long as the environment says, and is one datum where rendering only appends', async () => {
    const { trajectory, rewards, prompts } = await playEcho(echo(2), [`one${END}`, `two${END}`]);
    expect(rewards).toEqual([0.5, 0.5]);
    expect(prompts[1]).toContain('echo one');
    expect(trajectory.transitions[1]).toMatchObject({
      episode_done: true,
      metrics: { steps: 1 },
      logs: { said: 'two' },
    });
    expect(
      renderer.tokenizer.decode(trajectory.final_ob.chunks.flatMap((c) => ('tokens' in c ? c.tokens : []))),
    ).toContain('echo two');
    expect(trajectoryToData(trajectory, 1)).toHaveLength(1);
  });

  it('is over before it begins where the prompt leaves no room for a reply', async () => {
    const bounds = { maxTrajectoryTokens: 40, maxGenerationTokens: 30 };
    const { trajectory, rewards } = await playEcho(echo(1), [], bounds);
    expect(rewards).toEqual([-0.1]);
    expect(trajectory).toMatchObject({ stop_reason: 'context_overflow' });
    expect(trajectoryToData(trajectory, 1)).toEqual([]);
  });

  it('ends when the conversation has grown too long, but keeps the reward of an end', async () => {
    const bounds = { maxTrajectoryTokens: 140, maxGenerationTokens: 30, contextOverflowReward: -0.7 };
    const grown = await playEcho(echo(3), [`${'x'.repeat(40)}${END}`], bounds);
    expect(grown.rewards).toEqual([-0.7]);
    expect(grown.metrics).toEqual([{ steps: 1, context_overflow: 1, 'stop/context_overflow': 1 }]);
    const done = await playEcho(echo(1), [`${'x'.repeat(40)}${END}`], bounds);
    expect(done.rewards).toEqual([0.5]);
  });

  it('has what ends a reply from the environment, and then takes it for an end', async () => {
    const { rewards, metrics } = await playEcho(echo(2, { stop: ']' }), [`[1]${END}`, '[2]']);
    expect(rewards).toEqual([0.5, 0.5]);
    expect(metrics).toEqual([{ steps: 1 }, { steps: 1 }]);
  });

  it('survives an end that cannot be rendered', async () => {
    const messageEnv: MessageEnv = {
      initialObservation: async () => [{ role: 'user', content: 'begin' }],
      step: async () => ({
        reward: 1,
        episode_done: true,
        next_messages: [{ role: 'tool', content: [{ type: 'image', image: 'none', expected_tokens: 1 }] }],
      }),
    };
    expect((await playEcho(messageEnv, [`x${END}`])).rewards).toEqual([1]);
  });
});

describe('a reply that is cut short', () => {
  it('ends the episode', async () => {
    const { rewards, metrics, trajectory } = await playEcho(echo(2), [{ cut: 'on and' }]);
    expect(rewards).toEqual([-0.1]);
    expect(metrics).toEqual([{ max_tokens_reached: 1, 'stop/max_tokens': 1 }]);
    expect(trajectory.stop_reason).toBe('max_tokens');
  });

  it('reports what an episode that nobody judged comes to, as does one whose prompt is too long', async () => {
    const ungradedMetrics = { correct: 0 };
    const cut = await playEcho(echo(2), [{ cut: 'on and' }], { ungradedMetrics });
    expect(cut.metrics).toEqual([{ correct: 0, max_tokens_reached: 1, 'stop/max_tokens': 1 }]);
    const bounds = { maxTrajectoryTokens: 40, maxGenerationTokens: 30, ungradedMetrics };
    const { trajectory } = await playEcho(echo(1), [], bounds);
    expect(trajectory.transitions.map(({ metrics }) => metrics)).toEqual([
      { correct: 0, context_overflow: 1, 'stop/context_overflow': 1 },
    ]);
    const grown = await playEcho(echo(3), [`${'x'.repeat(40)}${END}`], { ...bounds, maxTrajectoryTokens: 140 });
    expect(grown.metrics).toEqual([{ correct: 0, steps: 1, context_overflow: 1, 'stop/context_overflow': 1 }]);
    const judged = await playEcho(echo(1), [`x${END}`], { ungradedMetrics });
    expect(judged.metrics).toEqual([{ steps: 1 }]);
  });

  it('ends it also where the environment has no use for it', async () => {
    const { metrics } = await playEcho(echo(2), [{ cut: 'on and' }], { terminateOnLength: false });
    expect(metrics).toEqual([{ max_tokens_reached: 1, 'stop/max_tokens': 1 }]);
  });

  it('is part of the conversation where the environment takes it', async () => {
    const script = [{ cut: 'on and' }, `on${END}`];
    const { rewards, prompts } = await playEcho(echo(1, { cut: true }), script, { terminateOnLength: false });
    expect(rewards).toEqual([0, 0.5]);
    expect(prompts[1]).toContain('assistant\non and<|im_end|>');
  });
});

describe('a reply that cannot be read', () => {
  it('ends the episode', async () => {
    const { rewards, metrics } = await playEcho(echo(2), [UNREADABLE]);
    expect(rewards).toEqual([-1]);
    expect(metrics).toEqual([{ parse_error: 1, 'stop/parse_error': 1 }]);
    const told = await playEcho(echo(2), [UNREADABLE], { ungradedMetrics: { correct: 0 } });
    expect(told.metrics).toEqual([{ correct: 0, parse_error: 1, 'stop/parse_error': 1 }]);
  });

  it('is forgotten, and the policy asked again, where it need not end', async () => {
    const options = { terminateOnParseError: false, failedParseReward: -0.3 };
    const { rewards, prompts, metrics } = await playEcho(echo(1), [UNREADABLE, `x${END}`], options);
    expect(rewards).toEqual([-0.3, 0.5]);
    expect(metrics[0]).toEqual({ parse_error: 1 });
    expect(prompts[1]).toBe(prompts[0]);
  });

  it('is answered by the policy for such errors, whatever the template holds', async () => {
    const options = { parseErrorPolicy: POLICY, failedParseReward: -9 };
    const { rewards, prompts } = await playEcho(echo(1), [UNREADABLE, `x${END}`], options);
    expect(rewards).toEqual([-0.25, 0.5]);
    expect(prompts[1]).toContain('Again: the reply has no end, or more than one ($&)');
  });

  it('ends the episode when there are too many in a row; one that is read begins anew', async () => {
    const options = { parseErrorPolicy: POLICY };
    const script = [UNREADABLE, `x${END}`, UNREADABLE, UNREADABLE];
    const { rewards, metrics } = await playEcho(echo(9), script, options);
    expect(rewards).toEqual([-0.25, 0.5, -0.25, -2]);
    expect(metrics.at(-1)).toEqual({ parse_error: 1, 'stop/parse_error': 1 });
  });

  it('is not trained on where the policy says so', async () => {
    const options = { parseErrorPolicy: { ...POLICY, mask_error_turns: true } };
    const { trajectory, metrics } = await playEcho(echo(1, { told: false }), [UNREADABLE, `x${END}`], options);
    expect(metrics[0]).toEqual({ parse_error: 1, parse_error_masked: 1 });
    const trained = trajectoryToData(trajectory, 1).flatMap(({ loss_fn_inputs: { mask } }) => [...mask.data]);
    expect(trained.filter((value) => value === 1)).toHaveLength(2);
  });
});
