// The result of a request that the service has taken: asked for, again and again, until it is there.

import { WireError } from '../wire/error.ts';
import type { ExactJson } from '../wire/json.ts';
import { fieldOf, objectAt, type Sent, textAt } from '../wire/json_fields.ts';
import { ConnectionError, FailedRequestError, StatusError } from './errors.ts';
import { LateAnswerError } from './exchange.ts';
import { troubleOfPoll } from './retry.ts';
import { type Answer, jsonAnswer, PROTOBUF, type Transport, wordsOf } from './transport.ts';

/** Longer than the hosted service holds a question back. */
const POLL_TIMEOUT_MS = 45_000;
/** A result that is computed already is worth more patience than a request that can be made again. */
const PATIENCE_MS = 900_000;
/** Of a service that answers at once that there is nothing yet. */
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 1_000;

export type RequestType =
  | 'CreateModel'
  | 'ForwardBackward'
  | 'Forward'
  | 'OptimStep'
  | 'SaveWeights'
  | 'SaveWeightsForSampler'
  | 'SaveWeightsExternal'
  | 'LoadWeights'
  | 'Sample';

/** What a service answers at once to a request that takes long. */
export interface Promised {
  request_id: string;
  /** Of a sampling request: the names of the sequences to come. */
  sample_sequence_ids: string[] | null;
}

export interface Operation<T> {
  type: RequestType;
  /** Reads the result as JSON. */
  read(value: Sent): T;
  /** Reads it as protobuf, where there is such a form. */
  decode?(bytes: Uint8Array): T;
}

export const promisedAnswer = jsonAnswer((value): Promised => {
  const object = objectAt(value, 'the promise');
  const ids = fieldOf(object, 'sample_sequence_ids');
  return {
    request_id: textAt(fieldOf(object, 'request_id'), 'request_id'),
    sample_sequence_ids: Array.isArray(ids) ? ids.map((id, i) => textAt(id, `sample_sequence_ids[${i}]`)) : null,
  };
});

type State<T> = { done: true; value: T } | { done: false; queue: string | null };

/**
 * Waits for a result.
 * @throws FailedRequestError where the service says that the request failed; StatusError 410 where it has lost it
 */
export async function resultOf<T>(
  transport: Transport,
  { request_id }: Promised,
  operation: Operation<T>,
  own?: AbortSignal,
): Promise<T> {
  const { clock } = transport;
  const signal = transport.signalOf(own);
  const patience = transport.patience({ limitMs: PATIENCE_MS, troubleOf: troubleOfPoll });
  let pause = FIRST_PAUSE_MS;
  for (let iteration = 0; ; iteration++) {
    const asked = clock.now();
    try {
      const state = await ask(transport, { request_id, iteration, operation, signal });
      if (state.done) return state.value;
      patience.calm();
      if (state.queue !== null) transport.tell(state.queue);
    } catch (error) {
      await patience.again(error, signal);
      continue;
    }
    // One that was held back has waited already.
    if (clock.now() - asked >= LONGEST_PAUSE_MS) pause = FIRST_PAUSE_MS;
    else {
      await clock.sleep(pause, signal);
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    }
  }
}

async function ask<T>(
  transport: Transport,
  {
    request_id,
    iteration,
    operation,
    signal,
  }: { request_id: string; iteration: number; operation: Operation<T>; signal: AbortSignal },
): Promise<State<T>> {
  try {
    return await transport.attempt({
      path: '/api/v1/retrieve_future',
      json: { request_id, allow_metadata_only: false },
      ...(operation.decode !== undefined && { accept: `${PROTOBUF}, application/json` }),
      headers: { 'X-Tinker-Request-Iteration': `${iteration}`, 'X-Tinker-Request-Type': operation.type },
      timeoutMs: POLL_TIMEOUT_MS,
      signal,
      read: (answer) => stateOf(answer, operation, transport),
    });
  } catch (error) {
    if (error instanceof StatusError && error.status === 408) return { done: false, queue: queueNote(error.body) };
    // Some services hold a question back for minutes. One that answers others meanwhile, such as the heartbeat, is there.
    const isLate = error instanceof ConnectionError && error.cause instanceof LateAnswerError;
    if (isLate && transport.hasAnsweredWithin(POLL_TIMEOUT_MS)) return { done: false, queue: null };
    throw error;
  }
}

function stateOf<T>(answer: Answer, { type, read, decode }: Operation<T>, transport: Transport): State<T> {
  if (answer.type === PROTOBUF) {
    if (decode === undefined) throw new WireError('', `the result of ${type} is protobuf, which it has no form in`);
    return { done: true, value: decode(answer.bytes) };
  }
  return jsonAnswer((value): State<T> => {
    const object = objectAt(value, 'the result');
    if (object.type === 'try_again') return { done: false, queue: queueNote(value) };
    if (Object.hasOwn(object, 'error')) {
      throw new FailedRequestError(
        transport.shown(`${type} failed at the service: ${wordsOf(object.error)}`),
        categoryOf(object.category),
      );
    }
    return { done: true, value: read(value) };
  })(answer);
}

function categoryOf(value: Sent): FailedRequestError['category'] {
  return value === 'user' || value === 'server' ? value : 'unknown';
}

/** What the service says of why nothing goes on; null where all is as usual. */
function queueNote(value: ExactJson | undefined): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const { queue_state: state, queue_state_reason: reason } = value;
  if (state !== 'paused_capacity' && state !== 'paused_rate_limit') return null;
  const why = typeof reason === 'string' && reason !== '' ? `: ${reason}` : '';
  return `the service has paused this run ${state === 'paused_capacity' ? 'until it has room' : 'for its rate limit'}${why}`;
}
