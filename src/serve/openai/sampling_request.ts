// What requests of both kinds say of how to sample, checked, with the defaults of OpenAI's API.

import { flagOf, textOf } from '../../tinker/server/requests.ts';
import type { SamplingParams } from '../../tinker/types.ts';
import { WireError } from '../../tinker/wire/error.ts';
import { fieldOf, integerAt, listAt, numberAt, objectAt, optional, textAt } from '../../tinker/wire/json_fields.ts';
import type { JsonObject } from '../../util/json.ts';
import { refuseUnsupported } from './refused.ts';

export interface SamplingRequest {
  model: string;
  n: number;
  /** Without what stops: that is in part the renderer's. */
  params: Pick<SamplingParams, 'temperature' | 'top_p' | 'top_k' | 'seed'>;
  /** Strings that end an answer, and are no part of it. */
  stop: string[];
  stream: boolean;
  /** Whether a stream ends with the usage. */
  includeUsage: boolean;
}

const MAX_CHOICES = 128;
const MAX_STOPS = 64;
/** Of the most likely tokens, at each position. */
const MAX_TOP = 20;

/** @throws WireError, OpenAiError with the parameter that is wrong or not supported */
export function samplingRequestOf(body: JsonObject): SamplingRequest {
  const model = textOf(body, 'model');
  refuseUnsupported(body);
  const temperature = numberIn(body, 'temperature', 0, Number.MAX_VALUE) ?? 1;
  const top_p = numberIn(body, 'top_p', 0, 1) ?? 1;
  if (top_p === 0) throw new WireError('top_p', 'must be above 0');
  const top_k = countIn(body, 'top_k', -1, Number.MAX_SAFE_INTEGER) ?? -1;
  const seed = optional(fieldOf(body, 'seed'), 'seed', integerAt);
  const streaming = optional(fieldOf(body, 'stream_options'), 'stream_options', objectAt) ?? {};
  return {
    model,
    n: countIn(body, 'n', 1, MAX_CHOICES) ?? 1,
    // 0 is "all tokens" to some clients, as -1 is to the others.
    params: { temperature, top_p, top_k: top_k === 0 ? -1 : top_k, ...(seed !== undefined && { seed }) },
    stop: stopOf(body),
    stream: flagOf(body, 'stream', false),
    includeUsage: flagOf(streaming, 'include_usage', false, 'stream_options.include_usage'),
  };
}

/** How many of the most likely tokens are told at each position. */
export const topOf = (body: JsonObject, name: string): number | undefined => countIn(body, name, 0, MAX_TOP);

export function countIn(body: JsonObject, name: string, least: number, most: number): number | undefined {
  const count = optional(fieldOf(body, name), name, integerAt);
  return count === undefined ? undefined : within(count, name, least, most);
}

function numberIn(body: JsonObject, name: string, least: number, most: number): number | undefined {
  const value = optional(fieldOf(body, name), name, numberAt);
  return value === undefined ? undefined : within(value, name, least, most);
}

function within(value: number, name: string, least: number, most: number): number {
  if (value >= least && value <= most) return value;
  const bounds = most >= Number.MAX_SAFE_INTEGER ? `at least ${least}` : `from ${least} to ${most}`;
  throw new WireError(name, `must be ${bounds}, not ${value}`);
}

function stopOf(body: JsonObject): string[] {
  const sent = fieldOf(body, 'stop');
  if (sent === undefined) return [];
  const stops = typeof sent === 'string' ? [sent] : listAt(sent, 'stop', textAt);
  if (stops.length > MAX_STOPS) throw new WireError('stop', `must be at most ${MAX_STOPS} strings`);
  if (stops.includes('')) throw new WireError('stop', 'must not hold an empty string');
  return stops;
}
