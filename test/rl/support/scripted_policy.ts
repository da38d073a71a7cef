// A policy for tests: it says what a script says, and keeps what it was shown.

import type { TokenCompleter } from '../../../src/completers/completers.ts';
import { getRenderer } from '../../../src/renderers/get_renderer.ts';
import type { Renderer } from '../../../src/renderers/types.ts';
import type { RolloutLimits } from '../../../src/rl/limits.ts';
import { NO_LIMITS } from '../../../src/rl/limits.ts';
import { doSingleRollout } from '../../../src/rl/rollout.ts';
import type { Env, Trajectory } from '../../../src/rl/types.ts';
import { tokensOf } from '../../../src/tinker/types.ts';
import { charTokenizer } from '../../support/char_tokenizer.ts';

/** A format with tools, in which rendering only appends. */
export const testRenderer = (): Renderer => getRenderer('qwen3_instruct', charTokenizer({ eos: '<|im_end|>' }));

export const END = '<|im_end|>';

/** What is said to the prompt, its end included; `cut`: it came to its token limit. */
export type Reply = string | { cut: string };
export type Speak = (prompt: string, turn: number) => Reply | Promise<Reply>;

export interface ScriptedPolicy extends TokenCompleter {
  readonly prompts: string[];
}

export function scriptedPolicy({ tokenizer }: Renderer, script: readonly Reply[] | Speak): ScriptedPolicy {
  const prompts: string[] = [];
  return {
    prompts,
    async complete(observation) {
      const prompt = tokenizer.decode(tokensOf(observation));
      prompts.push(prompt);
      const turn = prompts.length - 1;
      const reply = typeof script === 'function' ? await script(prompt, turn) : script[turn];
      const tokens = tokenizer.encode(typeof reply === 'string' ? reply : reply.cut);
      return { tokens, logprobs: tokens.map(() => -1), stop_reason: typeof reply === 'string' ? 'stop' : 'length' };
    },
  };
}

export interface Played {
  trajectory: Trajectory;
  /** Of each turn. */
  rewards: number[];
  metrics: Trajectory['transitions'][number]['metrics'][];
  prompts: string[];
}

/** One episode of a script, without limits unless some are given. */
export async function play(
  env: Env,
  script: readonly Reply[] | Speak,
  { renderer = testRenderer(), limits = {} }: { renderer?: Renderer; limits?: Partial<RolloutLimits> } = {},
): Promise<Played> {
  const policy = scriptedPolicy(renderer, script);
  const trajectory = await doSingleRollout(policy, env, {
    limits: { ...NO_LIMITS, ...limits },
    contextLength: null,
    seed: 0,
  });
  return {
    trajectory,
    rewards: trajectory.transitions.map(({ reward }) => reward),
    metrics: trajectory.transitions.map(({ metrics }) => metrics),
    prompts: policy.prompts,
  };
}
