// The requests of one forward or forward-backward pass: their bodies, in the form that the service reads, and their sending.

import pLimit from 'p-limit';
import { RequestError } from '../../util/errors.ts';
import type { ForwardBackwardOptions } from '../clients.ts';
import { type Datum, type ForwardBackwardOutput, type LossFnConfig, type LossFnType, lengthOf } from '../types.ts';
import { compressBody } from '../wire/compression.ts';
import {
  decodeForwardBackwardOutput,
  encodeForwardBackwardRequest,
  type ForwardBackwardRequest,
} from '../wire/forward_backward.ts';
import { forwardBackwardOutputAt, forwardBackwardRequestJson } from '../wire/json_messages.ts';
import { chunksOf } from './chunks.ts';
import { StatusError } from './errors.ts';
import { type Operation, type Promised, promisedAnswer, resultOf } from './futures.ts';
import { combineOutputs } from './reduction.ts';
import type { Session } from './session.ts';
import { type Call, PROTOBUF } from './transport.ts';

export interface Pass {
  data: Datum[];
  lossFn: LossFnType;
  config: LossFnConfig;
  forwardOnly: boolean;
  /** Which positions report log-probs. */
  logprobs: ForwardBackwardOptions['logprobs'];
}

/** How services that know JSON alone answer to protobuf: an unknown type, or a body that their checks make nothing of. */
const KNOWS_NO_PROTOBUF = new Set([415, 422]);

/** @throws RequestError for what cannot be sent */
export function checkPass({ data, logprobs }: Pass): void {
  if (data.length === 0) throw new RequestError('there are no datums to compute');
  if (Array.isArray(logprobs) && logprobs.length !== data.length) {
    throw new RequestError(`there are ${logprobs.length} masks of log-probs for ${data.length} datums`);
  }
  for (const [i, { model_input_spans: input, loss_fn_input_spans: targets }] of data.entries()) {
    if ((input === undefined) !== (targets === undefined)) {
      throw new RequestError(`data[${i}] has spans of its input or of its targets, and needs both or neither`);
    }
  }
}

/**
 * Sends the requests of a pass, `firstSeqId` and those after it, and returns what the service promises for each. `sent` is told
 * of each number that is used up, which it is even where the service refuses the request.
 */
export async function sendPass(
  session: Session,
  model_id: string,
  pass: Pass,
  { firstSeqId, sent }: { firstSeqId: number; sent(): void },
): Promise<Promised[]> {
  const { parallel_fwdbwd_chunks, fwdbwd_dispatch_bytes_semaphore_size, fwdbwd_max_chunk_bytes_count } = session.config;
  const masks = session.config.knows_logprob_masks ? masksOf(pass) : null;
  let sentDatums = 0;
  const requests = chunksOf(pass.data, session.config).map((data, i): ForwardBackwardRequest => {
    const logprobs = masks?.slice(sentDatums, sentDatums + data.length);
    sentDatums += data.length;
    return {
      model_id,
      seq_id: firstSeqId + i,
      data,
      loss_fn: pass.lossFn,
      loss_fn_config: pass.config,
      forward_only: pass.forwardOnly,
      ...(logprobs && { logprobs }),
    };
  });
  // What cannot be written is found before a number is used up.
  const bodies = await Promise.all(requests.map((request) => callOf(session, request)));
  const send = (i: number) => {
    sent();
    return sendRequest(session, requests[i], bodies[i]);
  };
  if (!parallel_fwdbwd_chunks) {
    const promised: Promised[] = [];
    for (const i of requests.keys()) promised.push(await send(i));
    return promised;
  }
  // The first comes last: its arrival says that all are there.
  const most = Math.floor(fwdbwd_dispatch_bytes_semaphore_size / fwdbwd_max_chunk_bytes_count);
  const limit = pLimit(Math.max(1, most));
  const later = await Promise.allSettled(requests.slice(1).map((_, i) => limit(() => send(i + 1))));
  const first = await send(0);
  const rest = later.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
  return [first, ...rest];
}

export async function passResult(
  session: Session,
  promised: readonly Promised[],
  { forwardOnly }: Pass,
): Promise<ForwardBackwardOutput> {
  const operation: Operation<ForwardBackwardOutput> = {
    type: forwardOnly ? 'Forward' : 'ForwardBackward',
    read: forwardBackwardOutputAt,
    decode: decodeForwardBackwardOutput,
  };
  return combineOutputs(await Promise.all(promised.map((promise) => resultOf(session.transport, promise, operation))));
}

/** Null: all positions are asked for. */
function masksOf({ data, logprobs = 'all' }: Pass): readonly ArrayLike<number>[] | null {
  if (logprobs === 'all') return null;
  return logprobs === 'trained' ? data.map(({ model_input }) => new Uint8Array(lengthOf(model_input))) : logprobs;
}

async function sendRequest(session: Session, request: ForwardBackwardRequest, call: Call<Promised>): Promise<Promised> {
  try {
    const promised = await session.transport.request(call);
    session.passesTaken = true;
    return promised;
  } catch (error) {
    const old = error instanceof StatusError && KNOWS_NO_PROTOBUF.has(error.status);
    if (!old || session.passesTaken || session.config.json_passes) throw error;
    session.config.json_passes = true;
    try {
      return await session.transport.request(await callOf(session, request));
    } catch (again) {
      session.config.json_passes = false;
      // A service that reads neither form has refused what the request says.
      throw again instanceof StatusError && KNOWS_NO_PROTOBUF.has(again.status) ? error : again;
    }
  }
}

async function callOf({ config }: Session, request: ForwardBackwardRequest): Promise<Call<Promised>> {
  if (config.json_passes) {
    return {
      path: request.forward_only ? '/api/v1/forward' : '/api/v1/forward_backward',
      json: forwardBackwardRequestJson(request),
      read: promisedAnswer,
    };
  }
  const bytes = encodeForwardBackwardRequest(request);
  const compressed = config.proto_compress_fwdbwd ? await compressBody(bytes) : null;
  return {
    path: '/api/v1/forward_backward',
    body: {
      bytes,
      type: PROTOBUF,
      ...(compressed !== null && { bytes: compressed.body, encoding: compressed.encoding }),
    },
    read: promisedAnswer,
  };
}
