// The result of a sampling request, as protobuf.

import type { SampledSequence, SampleResponse, TensorData, TopkLogprobs } from '../types.ts';
import { WireError } from './error.ts';
import { float32Bytes, float32Of, int32Bytes, int32Of, int32Written } from './numbers.ts';
import { decodeMessage, encodeMessage, type Message } from './schema.ts';
import { decodeTensor, encodeTensor, isSparse } from './tensors.ts';

const STOP_REASONS = ['stop', 'length'] as const;
/** Fills the cells of a row that has fewer than k tokens. */
const NO_TOKEN = 0;
const NO_LOGPROB = -99999;

/** `sequence_id` is not part of it: the promise of the request tells it. */
export function encodeSampleResponse(response: SampleResponse): Uint8Array {
  const { sequences, prompt_logprobs, topk_prompt_logprobs, prompt_cache_hit_tokens } = response;
  const { target_prompt_logprobs: targets, prompt_alt_tokens: alt } = response;
  return encodeMessage('SampleResponse', {
    sequences: sequences.map((sequence, i) => encodeSequence(sequence, `sequences[${i}]`)),
    prompt_logprobs:
      prompt_logprobs &&
      float32Bytes(
        prompt_logprobs.map((logprob) => logprob ?? Number.NaN),
        'prompt_logprobs',
      ),
    topk_prompt_logprobs: topk_prompt_logprobs && encodeTopk(topk_prompt_logprobs, 'topk_prompt_logprobs'),
    prompt_cache_hit_tokens:
      prompt_cache_hit_tokens && int32Written(prompt_cache_hit_tokens, 'prompt_cache_hit_tokens'),
    target_prompt_logprobs: targets && encodeTensor(targets, 'target_prompt_logprobs'),
    prompt_alt_tokens: alt && {
      tokens: encodeTensor(alt.tokens, 'prompt_alt_tokens.tokens'),
      logprobs: encodeTensor(alt.logprobs, 'prompt_alt_tokens.logprobs'),
    },
  });
}

export function decodeSampleResponse(bytes: Uint8Array): SampleResponse {
  const message: Message<'SampleResponse'> = decodeMessage('SampleResponse', bytes);
  const { sequences = [], prompt_logprobs, topk_prompt_logprobs: topk, prompt_cache_hit_tokens } = message;
  const { target_prompt_logprobs: targets, prompt_alt_tokens: alt } = message;
  return {
    sequences: sequences.map((sequence, i) => decodeSequence(sequence, `sequences[${i}]`)),
    ...(prompt_logprobs && { prompt_logprobs: decodePromptLogprobs(prompt_logprobs) }),
    ...(topk && { topk_prompt_logprobs: decodeTopk(topk, 'topk_prompt_logprobs') }),
    ...(prompt_cache_hit_tokens !== undefined && { prompt_cache_hit_tokens }),
    ...(targets && { target_prompt_logprobs: decodeTensor(targets, 'target_prompt_logprobs') }),
    ...(alt && {
      prompt_alt_tokens: {
        tokens: decodeMatrix(alt.tokens, 'prompt_alt_tokens.tokens'),
        logprobs: decodeMatrix(alt.logprobs, 'prompt_alt_tokens.logprobs'),
      },
    }),
  };
}

function encodeSequence(sequence: SampledSequence, place: string): Message<'SampledSequence'> {
  const { stop_reason, tokens, logprobs, topk_sampled_logprobs: topk } = sequence;
  return {
    stop_reason: STOP_REASONS.indexOf(stop_reason),
    tokens: int32Bytes(tokens, `${place}.tokens`),
    logprobs: float32Bytes(logprobs, `${place}.logprobs`),
    topk_sampled_logprobs: topk && encodeTopk(topk, `${place}.topk_sampled_logprobs`),
  };
}

function decodeSequence(message: Message<'SampledSequence'>, place: string): SampledSequence {
  const { stop_reason: reason = 0, topk_sampled_logprobs: topk } = message;
  const stop_reason = STOP_REASONS[reason];
  if (stop_reason === undefined) {
    throw new WireError(`${place}.stop_reason`, `must be 0 (stop) or 1 (length), not ${reason}`);
  }
  const tokens = Array.from(int32Of(message.tokens ?? new Uint8Array(), `${place}.tokens`));
  const logprobs = Array.from(float32Of(message.logprobs ?? new Uint8Array(), `${place}.logprobs`));
  if (logprobs.length !== tokens.length) {
    throw new WireError(`${place}.logprobs`, `${logprobs.length} values for ${tokens.length} tokens`);
  }
  return {
    stop_reason,
    tokens,
    logprobs,
    ...(topk && { topk_sampled_logprobs: decodeTopk(topk, `${place}.topk_sampled_logprobs`) }),
  };
}

function decodePromptLogprobs(bytes: Uint8Array): (number | null)[] {
  return Array.from(float32Of(bytes, 'prompt_logprobs'), (logprob) => (Number.isNaN(logprob) ? null : logprob));
}

function encodeTopk(rows: TopkLogprobs, place: string): Message<'TopkLogprobs'> {
  const k = rows.reduce((widest, row) => Math.max(widest, row?.length ?? 0), 1);
  const tokens = new Array<number>(rows.length * k).fill(NO_TOKEN);
  const logprobs = new Array<number>(rows.length * k).fill(NO_LOGPROB);
  for (const [i, row] of rows.entries()) {
    for (const [j, [token, logprob]] of (row ?? []).entries()) {
      tokens[i * k + j] = token;
      logprobs[i * k + j] = logprob;
    }
  }
  return { token_ids: int32Bytes(tokens, place), logprobs: float32Bytes(logprobs, place), k, length: rows.length };
}

function decodeTopk(message: Message<'TopkLogprobs'>, place: string): TopkLogprobs {
  const { k = 0, length = 0 } = message;
  const tokens = int32Of(message.token_ids ?? new Uint8Array(), `${place}.token_ids`);
  const logprobs = float32Of(message.logprobs ?? new Uint8Array(), `${place}.logprobs`);
  if (tokens.length !== length * k || logprobs.length !== length * k || (k === 0 && length > 0)) {
    throw new WireError(
      place,
      `${tokens.length} tokens and ${logprobs.length} logprobs for ${length} positions of ${k} tokens each`,
    );
  }
  return Array.from({ length }, (_, row) => {
    let end = (row + 1) * k;
    while (end > row * k && tokens[end - 1] === NO_TOKEN && logprobs[end - 1] === NO_LOGPROB) end--;
    if (end === row * k) return null;
    return Array.from(tokens.subarray(row * k, end), (token, i): [number, number] => [token, logprobs[row * k + i]]);
  });
}

function decodeMatrix(message: Message<'Tensor'> | undefined, place: string): TensorData {
  const tensor = decodeTensor(message ?? {}, place);
  if (isSparse(tensor)) throw new WireError(place, 'must be dense');
  return tensor;
}
