// What a sampling request asks for besides samples, as it is sent, and whether the service has answered it: older ones pass over what
// they do not know, and their silence must not be taken for an answer.

import type { SampleOptions } from '../clients.ts';
import type { AnyTensorData, SampleResponse } from '../types.ts';
import type { ExactJsonObject } from '../wire/json.ts';
import { tensorJson } from '../wire/json_datums.ts';
import { DamagedAnswerError } from './errors.ts';

/** What is not asked for is not sent, but for the two fields that services of all ages know. */
export function askedJson(options: SampleOptions): ExactJsonObject {
  const { include_prompt_logprobs = false, topk_prompt_logprobs = 0, prompt_logprobs_last_n: last } = options;
  const { topk_sample_logprobs = 0, target_prompt_logprobs: targets, prompt_alt_tokens_k = 0 } = options;
  return {
    prompt_logprobs: include_prompt_logprobs,
    topk_prompt_logprobs,
    ...(last !== undefined && { prompt_logprobs_last_n: last }),
    ...(topk_sample_logprobs > 0 && { topk_sample_logprobs }),
    ...(targets !== undefined && { target_prompt_logprobs: tensorJson(targets, 'target_prompt_logprobs') }),
    ...(prompt_alt_tokens_k > 0 && { prompt_alt_tokens_k }),
  };
}

/** @throws DamagedAnswerError naming the first thing that was asked for and not answered */
export function requireAnswers(response: SampleResponse, options: SampleOptions): void {
  const { prompt_logprobs, topk_prompt_logprobs, target_prompt_logprobs, prompt_alt_tokens, sequences } = response;
  const {
    include_prompt_logprobs: include = false,
    topk_prompt_logprobs: topK = 0,
    prompt_logprobs_last_n: last,
    topk_sample_logprobs: topSampled = 0,
    target_prompt_logprobs: targets,
    prompt_alt_tokens_k: alt = 0,
  } = options;
  requireAnswer(!include || prompt_logprobs !== undefined, 'prompt_logprobs');
  requireAnswer(topK === 0 || topk_prompt_logprobs !== undefined, 'topk_prompt_logprobs');
  requireAnswer(last === undefined || tellsLast(prompt_logprobs, last), 'prompt_logprobs_last_n');
  requireAnswer(targets === undefined || isAlike(target_prompt_logprobs, targets), 'target_prompt_logprobs');
  requireAnswer(
    topSampled === 0 ||
      sequences.every(({ tokens, topk_sampled_logprobs: top }) => top !== undefined && top.length === tokens.length),
    'topk_sample_logprobs',
  );
  requireAnswer(
    alt === 0 || [prompt_alt_tokens?.tokens, prompt_alt_tokens?.logprobs].every(isOf(alt)),
    'prompt_alt_tokens_k',
  );
}

function requireAnswer(isAnswered: boolean, name: string): void {
  if (isAnswered) return;
  throw new DamagedAnswerError(`the service was asked for ${name}, and did not give it`, {
    hint: `See that it supports ${name}: older services pass over it.`,
  });
}

const tellsLast = (logprobs: SampleResponse['prompt_logprobs'] = [], last: number) =>
  logprobs.every((logprob, i) => i >= logprobs.length - last || logprob === null);

const isAlike = (given: AnyTensorData | undefined, asked: AnyTensorData) =>
  given?.shape.join() === asked.shape.join() &&
  given?.data.length === asked.data.length &&
  given?.sparse_crow_indices?.join() === asked.sparse_crow_indices?.join() &&
  given?.sparse_col_indices?.join() === asked.sparse_col_indices?.join();

const isOf = (k: number) => (tensor: AnyTensorData | undefined) => tensor?.shape.at(-1) === k;
