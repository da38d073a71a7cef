// What all routes share: answers, and what is said of requests that are refused.

import { ServerResponse } from 'node:http';
import type { Context } from 'hono';
import { CookbookError } from '../../util/errors.ts';
import { BodyTooLargeError, UnknownEncodingError } from '../wire/compression.ts';
import { UnwritableError } from '../wire/error.ts';
import { encodeForwardBackwardOutput } from '../wire/forward_backward.ts';
import { type ExactJsonObject, exactJsonText } from '../wire/json.ts';
import { forwardBackwardOutputJson, sampleResponseJson } from '../wire/json_messages.ts';
import { encodeSampleResponse } from '../wire/sample.ts';
import type { Outcome, Result } from './futures.ts';
import { Refusal, told } from './refusal.ts';

export const PROTOBUF = 'application/x-protobuf';

export function jsonAnswer(value: ExactJsonObject, status = 200): Response {
  return new Response(exactJsonText(value), { status, headers: { 'Content-Type': 'application/json' } });
}

/** Aborted when the connection ends before it is answered. The signal of the request itself costs more than all the rest of a short one. */
export function goneSignal({ env, req }: Context): AbortSignal {
  const outgoing: unknown = env?.outgoing;
  if (!(outgoing instanceof ServerResponse)) return req.raw.signal;
  const gone = new AbortController();
  outgoing.once('close', () => gone.abort());
  if (outgoing.closed) gone.abort();
  return gone.signal;
}

/**
 * The server as its client has called it, through a proxy that speaks TLS too, which says so. A client that makes the header up
 * is given an address that leads nowhere; nobody else is. Of the name that a proxy was called by, it is to pass on `Host` itself.
 */
export function calledOrigin({ req }: Context): string {
  const { host, origin } = new URL(req.url);
  const [proxy] = (req.header('X-Forwarded-Proto') ?? '').split(',');
  return proxy.trim().toLowerCase() === 'https' ? `https://${host}` : origin;
}

export const noContent = (): Response => new Response(null, { status: 204 });

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
