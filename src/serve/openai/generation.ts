// One prompt of a request and its answers, whichever route asks: seeds, room in the context, log-probs.

import { requirePairs } from '../../tinker/server/answer_size.ts';
import { modelInputFromTokens, type SampledSequence, type SamplingParams } from '../../tinker/types.ts';
import { OpenAiError } from './errors.ts';
import type { NamedModel } from './models.ts';
import type { OpenAiSession } from './session.ts';
import { type ScoredToken, scoredTokens } from './token_logprobs.ts';

export interface Generation {
  model: NamedModel;
  prompt: readonly number[];
  n: number;
  params: SamplingParams;
  /** So many of the most likely tokens at each position of what is asked about; null: no log-probs. */
  top: number | null;
  /** Whether it is asked about the prompt too. */
  scorePrompt: boolean;
  signal: AbortSignal;
  onToken?(token: number, member: number): void;
}

export interface Generated {
  sequences: SampledSequence[];
  /** Of the prompt; empty unless asked for. */
  promptScores: ScoredToken[];
  /** Of each sequence; empty unless asked for. */
  scores: ScoredToken[][];
  cachedTokens: number;
}

/** @throws OpenAiError for a prompt that leaves no room in the context */
export function checkRoom(prompt: readonly number[], { served }: NamedModel, param: string): void {
  const most = served.max_context_length;
  if (prompt.length === 0) throw new OpenAiError(`${param} is empty: there is nothing to continue`, { param });
  if (prompt.length < most) return;
  throw new OpenAiError(
    `This model's context is ${most} tokens, and ${param} has ${prompt.length}: there is no room for an answer`,
    { param, code: 'context_length_exceeded' },
  );
}

/** Each is told as an object with its text, which takes far more memory than the number. */
const MOST_SCORES = 2 ** 21;

/** @throws WireError where so many tokens with `top` others each would be too much for one answer */
export function checkScores(tokens: number, top: number | null): void {
  if (top !== null) requirePairs(tokens * (top + 1), 'logprobs', MOST_SCORES);
}

export async function generate(session: OpenAiSession, asked: Generation): Promise<Generated> {
  const { model, prompt, n, params, top, scorePrompt, signal, onToken } = asked;
  const response = await session.sample(model, {
    prompt: modelInputFromTokens([...prompt]),
    numSamples: n,
    params: { ...params, seed: params.seed ?? session.nextSeed() },
    options: {
      ...(scorePrompt && top !== null && { include_prompt_logprobs: true, topk_prompt_logprobs: top }),
      ...(top !== null && { topk_sample_logprobs: top }),
      ...(onToken !== undefined && { onToken }),
    },
    signal,
  });
  const { sequences, prompt_logprobs = [], topk_prompt_logprobs, prompt_cache_hit_tokens = 0 } = response;
  return {
    sequences,
    promptScores: scorePrompt && top !== null ? scoredTokens(prompt, prompt_logprobs, topk_prompt_logprobs) : [],
    scores:
      top === null
        ? []
        : sequences.map(({ tokens, logprobs, topk_sampled_logprobs }) =>
            scoredTokens(tokens, logprobs, topk_sampled_logprobs),
          ),
    cachedTokens: prompt_cache_hit_tokens,
  };
}
