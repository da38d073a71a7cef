// The messages that also have protobuf forms, as JSON: for clients before protobuf, and for services that know JSON alone.

import type {
  ForwardBackwardOutput,
  PromptAltTokens,
  SampledSequence,
  SampleResponse,
  TensorData,
  TopkLogprobs,
} from '../types.ts';
import { UnwritableError, WireError } from './error.ts';
import { checkSeqId, type ForwardBackwardRequest } from './forward_backward.ts';
import type { ExactJson, ExactJsonObject } from './json.ts';
import { datumAt, datumJson, tensorAt, tensorJson, tokensAt } from './json_datums.ts';
import {
  expected,
  fieldOf,
  integerAt,
  listAt,
  nullOr,
  numberAt,
  numbersAt,
  objectAt,
  optional,
  recordAt,
  type Sent,
  textAt,
} from './json_fields.ts';
import { denseRoom, isSparse } from './tensors.ts';

const LOSS = 'loss:sum';

/** The body of `/forward_backward`, or of `/forward`, which is told by the name of its input. */
export function forwardBackwardRequestAt(value: Sent): ForwardBackwardRequest {
  const body = objectAt(value, 'the request');
  const forward_only = fieldOf(body, 'forward_input') !== undefined;
  const place = inputName(forward_only);
  const input = objectAt(fieldOf(body, place), place);
  const room = denseRoom();
  return {
    model_id: textAt(fieldOf(body, 'model_id'), 'model_id'),
    seq_id: checkSeqId(integerAt(fieldOf(body, 'seq_id'), 'seq_id')),
    data: listAt(fieldOf(input, 'data'), 'data', (datum, at) => datumAt(datum, at, room)),
    loss_fn: textAt(fieldOf(input, 'loss_fn'), 'loss_fn'),
    loss_fn_config: optional(fieldOf(input, 'loss_fn_config'), 'loss_fn_config', lossConfigAt) ?? {},
    forward_only,
  };
}

export function forwardBackwardRequestJson(request: ForwardBackwardRequest): ExactJsonObject {
  const { model_id, seq_id, data, loss_fn, loss_fn_config, forward_only } = request;
  const config = Object.entries(loss_fn_config).map(([key, setting]) => [
    key,
    typeof setting === 'number' ? finite(setting, `loss_fn_config.${key}`) : setting,
  ]);
  return {
    [inputName(forward_only)]: {
      data: data.map((datum, i) => datumJson(datum, `data[${i}]`)),
      loss_fn,
      ...(config.length > 0 && { loss_fn_config: Object.fromEntries(config) }),
    },
    model_id,
    seq_id: checkSeqId(seq_id, UnwritableError),
  };
}

const inputName = (forwardOnly: boolean) => (forwardOnly ? 'forward_input' : 'forward_backward_input');

function lossConfigAt(value: Sent, place: string): Record<string, number | string> {
  return recordAt(value, place, (setting, at) => (typeof setting === 'string' ? setting : numberAt(setting, at)));
}

export function forwardBackwardOutputAt(value: Sent): ForwardBackwardOutput {
  const object = objectAt(value, 'the result');
  return {
    loss_fn_output_type: textAt(fieldOf(object, 'loss_fn_output_type'), 'loss_fn_output_type'),
    loss_fn_outputs: listAt(fieldOf(object, 'loss_fn_outputs'), 'loss_fn_outputs', (record, place) =>
      recordAt(record, place, denseTensorAt),
    ),
    metrics:
      optional(fieldOf(object, 'metrics'), 'metrics', (metrics, place) => recordAt(metrics, place, numberAt)) ?? {},
  };
}

/**
 * A metric that is NaN or infinite is left out: JSON cannot say it, and clients take a metric to be a number. The loss is
 * refused instead: clients count on it.
 */
export function forwardBackwardOutputJson(output: ForwardBackwardOutput): ExactJsonObject {
  const { loss_fn_output_type, loss_fn_outputs, metrics } = output;
  if (metrics[LOSS] !== undefined) finite(metrics[LOSS], `metrics.${LOSS}`);
  return {
    loss_fn_output_type,
    loss_fn_outputs: loss_fn_outputs.map((record, i) =>
      Object.fromEntries(
        Object.entries(record).map(([name, tensor]) => [name, tensorJson(tensor, `loss_fn_outputs[${i}].${name}`)]),
      ),
    ),
    metrics: Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value))),
  };
}

export function sampleResponseAt(value: Sent): SampleResponse {
  const object = objectAt(value, 'the result');
  const read = <T>(name: string, reader: (value: Sent, place: string) => T) =>
    optional(fieldOf(object, name), name, reader);
  const sequences = listAt(fieldOf(object, 'sequences'), 'sequences', sequenceAt);
  const prompt_logprobs = read('prompt_logprobs', promptLogprobsAt);
  const topk_prompt_logprobs = read('topk_prompt_logprobs', topkAt);
  const prompt_cache_hit_tokens = read('prompt_cache_hit_tokens', integerAt);
  const target_prompt_logprobs = read('target_prompt_logprobs', tensorAt);
  const prompt_alt_tokens = read('prompt_alt_tokens', altTokensAt);
  return {
    sequences,
    ...(prompt_logprobs && { prompt_logprobs }),
    ...(topk_prompt_logprobs && { topk_prompt_logprobs }),
    ...(prompt_cache_hit_tokens !== undefined && { prompt_cache_hit_tokens }),
    ...(target_prompt_logprobs && { target_prompt_logprobs }),
    ...(prompt_alt_tokens && { prompt_alt_tokens }),
  };
}

/** `sequence_id` is not part of it: the promise of the request tells it. */
export function sampleResponseJson(response: SampleResponse): ExactJsonObject {
  const { sequences, prompt_logprobs, topk_prompt_logprobs: topk, prompt_cache_hit_tokens } = response;
  const { target_prompt_logprobs: targets, prompt_alt_tokens: alt } = response;
  return {
    type: 'sample',
    sequences: sequences.map(sequenceJson),
    ...(prompt_logprobs && {
      prompt_logprobs: prompt_logprobs.map((logprob, i) =>
        logprob === null ? null : finite(logprob, `prompt_logprobs[${i}]`),
      ),
    }),
    ...(topk && { topk_prompt_logprobs: topkJson(topk, 'topk_prompt_logprobs') }),
    ...(prompt_cache_hit_tokens !== undefined && { prompt_cache_hit_tokens }),
    ...(targets && { target_prompt_logprobs: tensorJson(targets, 'target_prompt_logprobs') }),
    ...(alt && {
      prompt_alt_tokens: {
        tokens: tensorJson(alt.tokens, 'prompt_alt_tokens.tokens'),
        logprobs: tensorJson(alt.logprobs, 'prompt_alt_tokens.logprobs'),
      },
    }),
  };
}

function sequenceAt(value: Sent, place: string): SampledSequence {
  const object = objectAt(value, place);
  const stop_reason = fieldOf(object, 'stop_reason');
  if (stop_reason !== 'stop' && stop_reason !== 'length') {
    throw expected('"stop" or "length"', stop_reason, `${place}.stop_reason`);
  }
  const tokens = tokensAt(fieldOf(object, 'tokens'), `${place}.tokens`);
  const logprobs = optional(fieldOf(object, 'logprobs'), `${place}.logprobs`, numbersAt) ?? [];
  if (logprobs.length !== tokens.length) {
    throw new WireError(`${place}.logprobs`, `${logprobs.length} values for ${tokens.length} tokens`);
  }
  const topk = optional(fieldOf(object, 'topk_sampled_logprobs'), `${place}.topk_sampled_logprobs`, topkAt);
  return { stop_reason, tokens, logprobs, ...(topk && { topk_sampled_logprobs: topk }) };
}

function sequenceJson(sequence: SampledSequence, i: number): ExactJson {
  const { stop_reason, tokens, logprobs, topk_sampled_logprobs: topk } = sequence;
  const place = `sequences[${i}]`;
  return {
    stop_reason,
    tokens,
    logprobs: logprobs.map((logprob, j) => finite(logprob, `${place}.logprobs[${j}]`)),
    ...(topk && { topk_sampled_logprobs: topkJson(topk, `${place}.topk_sampled_logprobs`) }),
  };
}

function promptLogprobsAt(value: Sent, place: string): (number | null)[] {
  return listAt(value, place, (logprob, at) => nullOr(logprob, at, numberAt));
}

function topkAt(value: Sent, place: string): TopkLogprobs {
  return listAt(value, place, (row, at) =>
    nullOr(row, at, () =>
      listAt(row, at, (pair, pairAt): [number, number] => {
        if (!Array.isArray(pair) || pair.length !== 2) throw expected('a pair of token and logprob', pair, pairAt);
        return [integerAt(pair[0], `${pairAt}[0]`), numberAt(pair[1], `${pairAt}[1]`)];
      }),
    ),
  );
}

function topkJson(rows: TopkLogprobs, place: string): ExactJson {
  return rows.map((row, i) => row?.map(([token, logprob]) => [token, finite(logprob, `${place}[${i}]`)]) ?? null);
}

function altTokensAt(value: Sent, place: string): PromptAltTokens {
  const object = objectAt(value, place);
  return {
    tokens: denseTensorAt(fieldOf(object, 'tokens'), `${place}.tokens`),
    logprobs: denseTensorAt(fieldOf(object, 'logprobs'), `${place}.logprobs`),
  };
}

function denseTensorAt(value: Sent, place: string): TensorData {
  const tensor = tensorAt(value, place);
  if (isSparse(tensor)) throw new WireError(place, 'must be dense');
  return tensor;
}

function finite(value: number, place: string): number {
  if (Number.isFinite(value)) return value;
  throw new UnwritableError(place, `is ${value}, which JSON cannot say`);
}
