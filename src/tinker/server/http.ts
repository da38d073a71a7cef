// What all routes share: bodies read within bounds, answers, and what is said of requests that are refused.

import type { Context } from 'hono';
import { CookbookError } from '../../util/errors.ts';
import { BodyTooLargeError, bodyTooLarge, decompressBody, UnknownEncodingError } from '../wire/compression.ts';
import { UnwritableError } from '../wire/error.ts';
import { encodeForwardBackwardOutput } from '../wire/forward_backward.ts';
import { type ExactJsonObject, exactJsonText, parseExactJson } from '../wire/json.ts';
import { objectAt } from '../wire/json_fields.ts';
import { forwardBackwardOutputJson, sampleResponseJson } from '../wire/json_messages.ts';
import { encodeSampleResponse } from '../wire/sample.ts';
import type { Outcome, Result } from './futures.ts';
import { Refusal, told } from './refusal.ts';

export const PROTOBUF = 'application/x-protobuf';

export function jsonAnswer(value: ExactJsonObject, status = 200): Response {
  return new Response(exactJsonText(value), { status, headers: { 'Content-Type': 'application/json' } });
}

export const noContent = (): Response => new Response(null, { status: 204 });

/** The body as it was before it was compressed. Of one that is too large no more is read than it takes to see that. */
export async function bytesOf({ req }: Context, maxBytes: number): Promise<Uint8Array> {
  const told = Number(req.header('Content-Length') ?? Number.NaN);
  if (told > maxBytes) throw bodyTooLarge(maxBytes);
  const sent = Number.isNaN(told) ? await streamed(req.raw.body, maxBytes) : new Uint8Array(await req.arrayBuffer());
  return await decompressBody(sent, req.header('Content-Encoding'), maxBytes);
}

/** Of a client that does not say beforehand how much it sends. */
async function streamed(body: Request['body'], maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body ?? []) {
    size += part.length;
    if (size > maxBytes) throw bodyTooLarge(maxBytes);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

export async function bodyOf(context: Context, maxBytes: number): Promise<ExactJsonObject> {
  const text = new TextDecoder().decode(await bytesOf(context, maxBytes));
  return text === '' ? {} : objectAt(parseExactJson(text), 'the body');
}

/** In protobuf where the client reads it and the result has such a form. */
export function outcomeAnswer(outcome: Outcome, accept: string | undefined): Response {
  if (outcome.kind === 'failed') return jsonAnswer({ error: outcome.error, category: outcome.category });
  try {
    return resultAnswer(outcome, accept?.includes(PROTOBUF) === true);
  } catch (error) {
    if (!(error instanceof UnwritableError)) throw error;
    return jsonAnswer({ error: `the result cannot be sent: ${told(error)}`, category: 'server' });
  }
}

function resultAnswer(result: Result, isProtobuf: boolean): Response {
  if (!isProtobuf || result.kind === 'json') return jsonAnswer(jsonOf(result));
  const bytes =
    result.kind === 'sample' ? encodeSampleResponse(result.response) : encodeForwardBackwardOutput(result.output);
  return new Response(Uint8Array.from(bytes), { headers: { 'Content-Type': PROTOBUF } });
}

function jsonOf(result: Result): ExactJsonObject {
  if (result.kind === 'sample') return sampleResponseJson(result.response);
  return result.kind === 'forward_backward' ? forwardBackwardOutputJson(result.output) : result.value;
}

/** Every refusal has a body: clients take an empty one for that of a proxy, and send the request again. */
export function refusalAnswer(error: unknown): Response | null {
  const status = statusOf(error);
  return status === null ? null : jsonAnswer({ detail: told(error) }, status);
}

function statusOf(error: unknown): number | null {
  if (error instanceof Refusal) return error.status;
  if (error instanceof BodyTooLargeError) return 413;
  if (error instanceof UnknownEncodingError) return 415;
  return error instanceof CookbookError ? 400 : null;
}
