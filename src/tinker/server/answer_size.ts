// How large the answer to a request to sample may become: log-probs of the most likely tokens are many numbers for each token, and all
// of an answer is in memory at once.

import { lengthOf } from '../types.ts';
import { WireError } from '../wire/error.ts';
import type { SampleRequest } from './samplers.ts';

/** Of one request, as pairs of a token and its log-prob. */
const MOST_PAIRS = 2 ** 23;

/** Throws a WireError for a request whose answer might not find room, before anything of it is computed. */
export function checkAnswerSize(
  { prompt, numSamples, params: { max_tokens }, options }: SampleRequest,
  { max_context_length }: { max_context_length: number },
): void {
  const { topk_sample_logprobs = 0, topk_prompt_logprobs = 0, prompt_alt_tokens_k = 0 } = options;
  const length = lengthOf(prompt);
  const room = Math.max(0, max_context_length - length);
  const sampled = numSamples * Math.min(max_tokens ?? room, room);
  requirePairs(sampled * topk_sample_logprobs, 'topk_sample_logprobs');
  requirePairs(length * topk_prompt_logprobs, 'topk_prompt_logprobs');
  requirePairs(length * prompt_alt_tokens_k, 'prompt_alt_tokens_k');
}

/** `place`: the parameter that asks for them. */
export function requirePairs(pairs: number, place: string, most = MOST_PAIRS): void {
  if (pairs <= most) return;
  throw new WireError(place, `may come to ${pairs} log-probs in one answer, which holds at most ${most}`, {
    hint: 'Ask for fewer samples, tokens or log-probs in one request.',
  });
}
