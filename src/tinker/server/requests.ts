// The requests that are JSON alone, checked. What clients leave out has the defaults of the official SDK, and what they send
// beyond what is known here is passed over, unless to pass it over would be to do something else than they ask for.

import { seedFor } from '../../util/random.ts';
import type { AdamParams, SamplingParams } from '../types.ts';
import { WireError } from '../wire/error.ts';
import type { ExactJsonObject } from '../wire/json.ts';
import { modelInputAt, tensorAt } from '../wire/json_datums.ts';
import {
  expected,
  fieldOf,
  integerAt,
  listAt,
  numberAt,
  objectAt,
  optional,
  recordAt,
  type Sent,
  textAt,
} from '../wire/json_fields.ts';
import type { SampleRequest } from './samplers.ts';
import type { LoraRequest } from './training_runs.ts';

const DEFAULT_RANK = 32;
const ADAM: AdamParams = {
  learning_rate: 1e-4,
  beta1: 0.9,
  beta2: 0.95,
  eps: 1e-12,
  weight_decay: 0,
  grad_clip_norm: 0,
};
const TTL_SECONDS = { least: 1, most: 10 * 366 * 86_400 };
const MAX_INT64 = 2n ** 63n - 1n;
/** Of one request. Each is a name in its promise, too. */
const MAX_SAMPLES = 4096;
/** Of texts that are kept for as long as what they tell of. */
const MAX_KEPT = 65_536;

export const textOf = (body: ExactJsonObject, name: string): string => textAt(fieldOf(body, name), name);
export const textOrNull = (body: ExactJsonObject, name: string): string | null =>
  optional(fieldOf(body, name), name, textAt) ?? null;
/** A text that is kept for as long as what it tells of. */
export function keptTextOrNull(body: ExactJsonObject, name: string): string | null {
  const text = textOrNull(body, name);
  if (text === null || text.length <= MAX_KEPT) return text;
  throw new WireError(name, `holds ${text.length} characters, and ${MAX_KEPT} are kept`);
}

/** As much of a text as is kept, for what is not to be refused. Part of a text would hold on to all of it, so it is copied. */
export function beginningOf(body: ExactJsonObject, name: string): string | null {
  const text = textOrNull(body, name);
  return text === null || text.length <= MAX_KEPT ? text : Buffer.from(text.slice(0, MAX_KEPT)).toString();
}

export const countOrNull = (body: ExactJsonObject, name: string): number | null =>
  optional(fieldOf(body, name), name, countAt) ?? null;

export function flagOf(body: ExactJsonObject, name: string, absent: boolean, place = name): boolean {
  const value = fieldOf(body, name) ?? absent;
  if (typeof value === 'boolean') return value;
  throw expected('true or false', value, place);
}

function countAt(value: Sent, place: string): number {
  const count = integerAt(value, place);
  if (count >= 0) return count;
  throw expected('an integer from 0', count, place);
}

export function metadataOf(body: ExactJsonObject): Record<string, string> {
  const name = 'user_metadata';
  const metadata = optional(fieldOf(body, name), name, (value, at) => recordAt(value, at, textAt)) ?? {};
  const size = Object.entries(metadata).reduce((sum, [key, text]) => sum + key.length + text.length, 0);
  if (size <= MAX_KEPT) return metadata;
  throw new WireError(name, `holds ${size} characters, and ${MAX_KEPT} are kept`);
}

/** Seconds until a checkpoint may be deleted; null: never. */
export function ttlOf(body: ExactJsonObject): number | null {
  const seconds = countOrNull(body, 'ttl_seconds');
  if (seconds === null || (seconds >= TTL_SECONDS.least && seconds <= TTL_SECONDS.most)) return seconds;
  throw new WireError('ttl_seconds', `must be from ${TTL_SECONDS.least} to ${TTL_SECONDS.most}, not ${seconds}`);
}

/** The number of a sampling request, as its digits: copies of a client count from anywhere up to 2^63. */
export function sampleSeqOf(body: ExactJsonObject): string {
  const value = fieldOf(body, 'seq_id');
  const isInteger = typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value));
  if (isInteger && value >= 0 && value <= MAX_INT64) return `${value}`;
  throw expected(`an integer from 0 to ${MAX_INT64}`, value, 'seq_id');
}

export function loraOf(body: ExactJsonObject): LoraRequest {
  checkOptimizer(body);
  const config = optional(fieldOf(body, 'lora_config'), 'lora_config', objectAt) ?? {};
  const seed = optional(fieldOf(config, 'seed'), 'lora_config.seed', seedAt);
  const flag = (name: string) => flagOf(config, name, true, `lora_config.${name}`);
  return {
    rank: optional(fieldOf(config, 'rank'), 'lora_config.rank', integerAt) ?? DEFAULT_RANK,
    ...(seed !== undefined && { seed }),
    train_attn: flag('train_attn'),
    train_mlp: flag('train_mlp'),
    train_unembed: flag('train_unembed'),
  };
}

/** Throws for a model that another optimizer than Adam is to train. */
export function checkOptimizer(body: ExactJsonObject): void {
  const config = optional(fieldOf(body, 'optimizer_config'), 'optimizer_config', objectAt) ?? {};
  requireAdam(config, 'optimizer_config');
}

export function adamOf(body: ExactJsonObject): AdamParams {
  const other = optional(fieldOf(body, 'optimizer_params'), 'optimizer_params', objectAt);
  if (other !== undefined) requireAdam(other, 'optimizer_params');
  const sent = other ?? optional(fieldOf(body, 'adam_params'), 'adam_params', objectAt) ?? {};
  const place = other === undefined ? 'adam_params' : 'optimizer_params';
  const numbers = Object.entries(ADAM).map(([name, absent]) => [
    name,
    optional(fieldOf(sent, name), `${place}.${name}`, numberAt) ?? absent,
  ]);
  return { ...ADAM, ...Object.fromEntries(numbers) };
}

function requireAdam(config: ExactJsonObject, place: string): void {
  const type = fieldOf(config, 'type') ?? 'adamw';
  if (type === 'adamw' || type === 'adam') return;
  throw new WireError(`${place}.type`, `${JSON.stringify(`${type}`)} is not supported by this server`, {
    hint: 'It trains with "adamw".',
  });
}

/** What a request to sample asks for, besides which sampler it asks. */
export function sampleRequestOf(body: ExactJsonObject): SampleRequest {
  const prompt = modelInputAt(fieldOf(body, 'prompt'), 'prompt');
  const picture = prompt.chunks.findIndex(({ type }) => type === 'image');
  if (picture !== -1)
    throw new WireError(`prompt.chunks[${picture}]`, 'is a picture, and this server reads text alone');
  return {
    prompt,
    numSamples: optional(fieldOf(body, 'num_samples'), 'num_samples', samplesAt) ?? 1,
    params: samplingParams(optional(fieldOf(body, 'sampling_params'), 'sampling_params', objectAt) ?? {}),
    options: sampleOptions(body),
  };
}

function sampleOptions(body: ExactJsonObject): SampleRequest['options'] {
  const last = optional(fieldOf(body, 'prompt_logprobs_last_n'), 'prompt_logprobs_last_n', positiveAt);
  const targets = optional(fieldOf(body, 'target_prompt_logprobs'), 'target_prompt_logprobs', tensorAt);
  return {
    include_prompt_logprobs: flagOf(body, 'prompt_logprobs', false),
    topk_prompt_logprobs: countOrNull(body, 'topk_prompt_logprobs') ?? 0,
    topk_sample_logprobs: countOrNull(body, 'topk_sample_logprobs') ?? 0,
    prompt_alt_tokens_k: countOrNull(body, 'prompt_alt_tokens_k') ?? 0,
    ...(last !== undefined && { prompt_logprobs_last_n: last }),
    ...(targets !== undefined && { target_prompt_logprobs: targets }),
  };
}

function samplingParams(sent: ExactJsonObject): SamplingParams {
  const at = (name: string) => `sampling_params.${name}`;
  const read = (name: string, reader: (value: Sent, place: string) => number) =>
    optional(fieldOf(sent, name), at(name), reader);
  const max_tokens = read('max_tokens', positiveAt);
  const seed = read('seed', seedAt);
  const stop = stopAt(fieldOf(sent, 'stop'), at('stop'));
  return {
    temperature: read('temperature', numberAt) ?? 1,
    top_k: read('top_k', integerAt) ?? -1,
    top_p: read('top_p', numberAt) ?? 1,
    ...(max_tokens !== undefined && { max_tokens }),
    ...(seed !== undefined && { seed }),
    ...(stop !== undefined && { stop }),
  };
}

function stopAt(value: Sent, place: string): SamplingParams['stop'] {
  if (value === undefined || typeof value === 'string') return value;
  if (Array.isArray(value) && typeof value[0] === 'string') return listAt(value, place, textAt);
  return listAt(value, place, integerAt);
}

function samplesAt(value: Sent, place: string): number {
  const count = positiveAt(value, place);
  if (count <= MAX_SAMPLES) return count;
  throw expected(`at most ${MAX_SAMPLES} in one request`, count, place);
}

/** One of 64 bits stands for a seed that a number holds. */
function seedAt(value: Sent, place: string): number {
  return typeof value === 'bigint' ? seedFor(0, 'seed', `${value}`) : integerAt(value, place);
}

function positiveAt(value: Sent, place: string): number {
  const count = integerAt(value, place);
  if (count >= 1) return count;
  throw expected('an integer from 1', count, place);
}
