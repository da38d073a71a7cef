// The request and the result of a forward or forward-backward pass, as protobuf.

import type { Datum, ForwardBackwardOutput, TensorData } from '../types.ts';
import { MAX_DATUMS, MAX_DIMENSIONS } from './bounds.ts';
import { decodeDatum, encodeDatum } from './datums.ts';
import { type FieldErrorKind, UnwritableError, WireError } from './error.ts';
import { int64Bytes, int64Of } from './numbers.ts';
import { decodeMessage, encodeMessage, type Message } from './schema.ts';
import { checkDense, decodeValues, denseRoom, dtypeNumber, encodeValues, widthOf } from './tensors.ts';

export interface ForwardBackwardRequest {
  model_id: string;
  /** From 1, one more with each request to the model. */
  seq_id: number;
  data: Datum[];
  loss_fn: string;
  /** Texts are for losses that the service is taught; the losses of `LossFnType` take numbers. */
  loss_fn_config: Record<string, number | string>;
  /** The gradient stays as it is. */
  forward_only: boolean;
  /**
   * Beyond the official protocol, and in protobuf alone: besides the positions that the loss depends on, only those where the
   * mask of their datum is not 0 report log-probs. The others may read NaN, and are spared. Absent: all report them.
   */
  logprobs?: readonly ArrayLike<number>[];
}

const MAX_SEQ_ID = 2 ** 31 - 1;

export function encodeForwardBackwardRequest(request: ForwardBackwardRequest): Uint8Array {
  const { model_id, seq_id, data, loss_fn, loss_fn_config, forward_only, logprobs } = request;
  const config = Object.entries(loss_fn_config);
  return encodeMessage('ForwardBackwardRequest', {
    model_id,
    seq_id: checkSeqId(seq_id, UnwritableError),
    data: data.map((datum, i) => encodeDatum(datum, `data[${i}]`, logprobs?.[i])),
    loss_fn,
    // Services older than texts read the first of these, newer ones the second.
    loss_fn_config: config.flatMap(([key, value]) => (typeof value === 'number' ? [{ key, value }] : [])),
    loss_fn_config_v2: config.map(([key, value]) => ({
      key,
      value: typeof value === 'number' ? { number: value } : { text: value },
    })),
    forward_only,
  });
}

/** Tensors of the result may be views of `bytes`. */
export function decodeForwardBackwardRequest(bytes: Uint8Array): ForwardBackwardRequest {
  const message: Message<'ForwardBackwardRequest'> = decodeMessage('ForwardBackwardRequest', bytes);
  const { model_id = '', seq_id = 0, data = [], loss_fn = '', forward_only = false } = message;
  if (model_id === '') throw new WireError('model_id', 'is missing');
  if (loss_fn === '') throw new WireError('loss_fn', 'is missing');
  const room = denseRoom();
  const masks = data.flatMap(({ logprob_mask }) => logprob_mask ?? []);
  if (masks.length > 0 && masks.length < data.length) {
    throw new WireError(
      'data',
      `${masks.length} of ${data.length} datums have a logprob_mask, and all or none need one`,
    );
  }
  return {
    model_id,
    seq_id: checkSeqId(seq_id),
    data: data.map((datum, i) => decodeDatum(datum, room, `data[${i}]`)),
    loss_fn,
    loss_fn_config: Object.fromEntries([
      ...(message.loss_fn_config ?? []).map(({ key = '', value = 0 }) => [key, value] as const),
      ...(message.loss_fn_config_v2 ?? []).map(({ key = '', value }) => [key, configValue(key, value)] as const),
    ]),
    forward_only,
    ...(masks.length > 0 && { logprobs: masks }),
  };
}

function configValue(key: string, { number, text }: Message<'LossConfigValue'> = {}): number | string {
  const value = number ?? text;
  if (value === undefined) throw new WireError(`loss_fn_config.${key}`, 'must be a number or a text, and is neither');
  return value;
}

export function checkSeqId(value: number, Fault: FieldErrorKind = WireError): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= MAX_SEQ_ID) return value;
  throw new Fault('seq_id', `must be an integer from 1 to ${MAX_SEQ_ID}, not ${value}`);
}

/** Datums in a row with the same fields, types and width (K of [N, K]) share a record: usually that is all of them. */
export function encodeForwardBackwardOutput(output: ForwardBackwardOutput): Uint8Array {
  const { loss_fn_output_type, loss_fn_outputs, metrics } = output;
  const batches: { kind: string; first: number; records: Record<string, TensorData>[] }[] = [];
  for (const [i, record] of loss_fn_outputs.entries()) {
    const kind = kindOf(record, `loss_fn_outputs[${i}]`);
    const batch = batches.at(-1);
    if (batch?.kind === kind) batch.records.push(record);
    else batches.push({ kind, first: i, records: [record] });
  }
  return encodeMessage('ForwardBackwardOutput', {
    loss_fn_output_type,
    loss_fn_outputs: batches.map(({ first, records }) => ({
      num_datums: records.length,
      fields: Object.keys(records[0]).map((key) => ({
        key,
        value: batchedTensor(
          records.map((record) => record[key]),
          (i) => `loss_fn_outputs[${first + i}].${key}`,
        ),
      })),
    })),
    metrics: Object.entries(metrics).map(([key, value]) => ({ key, value })),
  });
}

function kindOf(record: Record<string, TensorData>, place: string): string {
  const fields = Object.entries(record).map(([name, tensor]) => {
    checkDense(tensor, `${place}.${name}`, UnwritableError);
    // How many rows there are is reckoned from the bytes, and rows of nothing have none.
    if (tensor.shape.length === 0 || (tensor.data.length === 0 && tensor.shape[0] !== 0)) {
      throw new UnwritableError(`${place}.${name}`, `a tensor of shape [${tensor.shape}] cannot be written`);
    }
    return [name, tensor.dtype, tensor.shape.slice(1)];
  });
  return JSON.stringify(fields.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
}

function batchedTensor(tensors: readonly TensorData[], place: (i: number) => string): Message<'BatchedTensor'> {
  const parts = tensors.map((tensor, i) => encodeValues(tensor, place(i)));
  const offsets = [0];
  for (const part of parts) offsets.push(offsets[offsets.length - 1] + part.length);
  const data = new Uint8Array(offsets[parts.length]);
  for (const [i, part] of parts.entries()) data.set(part, offsets[i]);
  const [{ dtype, shape }] = tensors;
  return {
    data,
    offsets: int64Bytes(offsets, place(0)),
    dtype: dtypeNumber(dtype),
    trailing_shape: shape.slice(1),
  };
}

/** Tensors of the result may be views of `bytes`. */
export function decodeForwardBackwardOutput(bytes: Uint8Array): ForwardBackwardOutput {
  const message: Message<'ForwardBackwardOutput'> = decodeMessage('ForwardBackwardOutput', bytes);
  const { loss_fn_output_type = '', loss_fn_outputs = [], metrics = [] } = message;
  const room = { datums: MAX_DATUMS };
  return {
    loss_fn_output_type,
    loss_fn_outputs: loss_fn_outputs.flatMap((record, i) => decodeArrayRecord(record, room, `loss_fn_outputs[${i}]`)),
    metrics: Object.fromEntries(metrics.map(({ key = '', value = 0 }) => [key, value])),
  };
}

/** Datums that a result may still have: without a field they take no bytes, with one a few. */
interface DatumRoom {
  datums: number;
}

function decodeArrayRecord(
  message: Message<'ArrayRecord'>,
  room: DatumRoom,
  place: string,
): Record<string, TensorData>[] {
  const { fields = [], num_datums = 0 } = message;
  // Services that leave the count out have at least one field to count by.
  const count = num_datums === 0 && fields.length > 0 ? datumsOf(fields[0].value) : num_datums;
  if (!(Number.isSafeInteger(count) && count >= 0)) throw new WireError(`${place}.num_datums`, `${count} is no count`);
  room.datums -= count;
  if (room.datums < 0) {
    throw new WireError(
      `${place}.num_datums`,
      `${count} make more than the ${MAX_DATUMS} datums that a result may have`,
    );
  }
  const columns = fields.map(({ key = '', value = {} }) => {
    if (datumsOf(value) !== count) {
      throw new WireError(`${place}.${key}`, `has tensors for ${datumsOf(value)} datums of ${count}`);
    }
    return { key, tensors: unbatchedTensors(value, `${place}.${key}`) };
  });
  return Array.from({ length: count }, (_, i) =>
    Object.fromEntries(columns.map(({ key, tensors }) => [key, tensors[i]])),
  );
}

/** There is an offset of each datum and one more, each of eight bytes. */
function datumsOf({ offsets = new Uint8Array() }: Message<'BatchedTensor'> = {}): number {
  return Math.max(0, Math.ceil(offsets.length / 8) - 1);
}

function unbatchedTensors(message: Message<'BatchedTensor'>, place: string): TensorData[] {
  const { data: bytes = new Uint8Array(), dtype: type = 0, trailing_shape: trailing = [] } = message;
  const { dtype, data } = decodeValues(bytes, type, place);
  const offsets = int64Of(message.offsets ?? new Uint8Array(), `${place}.offsets`);
  if (offsets[0] !== 0 || offsets[offsets.length - 1] !== bytes.length) {
    throw new WireError(`${place}.offsets`, `must begin with 0 and end with ${bytes.length}, the bytes of the data`);
  }
  if (trailing.length >= MAX_DIMENSIONS) {
    throw new WireError(`${place}.trailing_shape`, `must leave one of ${MAX_DIMENSIONS} dimensions for the rows`);
  }
  const rowBytes = trailing.reduce((product, size) => product * size, widthOf(type));
  if (!(Number.isSafeInteger(rowBytes) && trailing.every((size) => size >= 0))) {
    throw new WireError(`${place}.trailing_shape`, `[${trailing}] is no shape`);
  }
  return offsets.slice(1).map((end, i) => {
    const length = end - offsets[i];
    const rows = rowBytes === 0 ? 0 : length / rowBytes;
    if (!(Number.isInteger(rows) && rows >= 0 && rows * rowBytes === length)) {
      throw new WireError(`${place}.offsets`, `datum ${i} has ${length} bytes, no count of rows of ${rowBytes} bytes`);
    }
    const [from, to] = [offsets[i] / widthOf(type), end / widthOf(type)];
    const values = data instanceof Float32Array ? data.subarray(from, to) : data.slice(from, to);
    return { dtype, data: values, shape: [rows, ...trailing] };
  });
}
