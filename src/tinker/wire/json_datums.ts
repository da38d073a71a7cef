// Prompts, tensors and training examples as JSON: what clients of all ages send, and what is sent to services that read JSON.

import type { AnyTensorData, Datum, ModelInput, ModelInputChunk, TensorDType } from '../types.ts';
import { UnwritableError, WireError } from './error.ts';
import type { ExactJson, ExactJsonObject } from './json.ts';
import {
  expected,
  fieldOf,
  integersAt,
  listAt,
  numbersAt,
  objectAt,
  optional,
  recordAt,
  type Sent,
  textAt,
} from './json_fields.ts';
import { toFloat32 } from './numbers.ts';
import { audioRefused, imageFormat, lengthNeeded } from './pictures.ts';
import { checkDense, checkSparse, type DenseRoom, denseTensor, isSparse } from './tensors.ts';

const MAX_TOKEN = 2 ** 31 - 1;

export function modelInputAt(value: Sent, place: string): ModelInput {
  return { chunks: listAt(fieldOf(objectAt(value, place), 'chunks'), `${place}.chunks`, chunkAt) };
}

export function modelInputJson({ chunks }: ModelInput): ExactJson {
  return { chunks: chunks.map(chunkJson) };
}

function chunkAt(value: Sent, place: string): ModelInputChunk {
  const chunk = objectAt(value, place);
  // Old clients leave the type out.
  const type = fieldOf(chunk, 'type') ?? (fieldOf(chunk, 'tokens') !== undefined ? 'encoded_text' : untyped(chunk));
  if (type === 'encoded_text') return { type, tokens: tokensAt(fieldOf(chunk, 'tokens'), `${place}.tokens`) };
  if (type === 'image') {
    return {
      type,
      data: base64At(fieldOf(chunk, 'data'), `${place}.data`),
      format: imageFormat(fieldOf(chunk, 'format'), place),
      expected_tokens: lengthNeeded(fieldOf(chunk, 'expected_tokens'), place),
    };
  }
  if (type === 'dmel') throw audioRefused(place);
  if (type === 'image_asset_pointer') {
    throw new WireError(place, 'refers to a picture elsewhere', { hint: 'Send the picture itself, in base64.' });
  }
  throw expected('encoded_text or image', type, `${place}.type`);
}

function untyped(chunk: ExactJsonObject): string | undefined {
  if (fieldOf(chunk, 'location') !== undefined) return 'image_asset_pointer';
  if (fieldOf(chunk, 'dmel') !== undefined) return 'dmel';
  return fieldOf(chunk, 'data') === undefined ? undefined : 'image';
}

function chunkJson(chunk: ModelInputChunk): ExactJson {
  if (chunk.type === 'encoded_text') return { type: chunk.type, tokens: chunk.tokens };
  const { type, data, format, expected_tokens } = chunk;
  const base64 = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
  return { type, data: base64, format, expected_tokens };
}

/** Ids fit 32 bits, as on the wire of protobuf. */
export function tokensAt(value: Sent, place: string): number[] {
  const tokens = integersAt(value, place);
  const wrong = tokens.findIndex((token) => token < -MAX_TOKEN - 1 || token > MAX_TOKEN);
  if (wrong !== -1) throw expected('a token id', tokens[wrong], `${place}[${wrong}]`);
  return tokens;
}

function base64At(value: Sent, place: string): Uint8Array {
  const text = textAt(value, place);
  const bytes = Buffer.from(text, 'base64');
  // The decoder passes over what it does not know.
  if (bytes.toString('base64') === text) return bytes;
  throw new WireError(place, 'is not base64');
}

/** In the layout that it was sent in. Without a shape it is a vector. */
export function tensorAt(value: Sent, place: string): AnyTensorData {
  const object = objectAt(value, place);
  const dtype = dtypeAt(fieldOf(object, 'dtype'), `${place}.dtype`);
  const sent = fieldOf(object, 'data');
  const data =
    dtype === 'int64'
      ? integersAt(sent, `${place}.data`)
      : toFloat32(numbersAt(sent, `${place}.data`), `${place}.data`, WireError);
  const shape = optional(fieldOf(object, 'shape'), `${place}.shape`, integersAt);
  const starts = optional(fieldOf(object, 'sparse_crow_indices'), `${place}.sparse_crow_indices`, integersAt);
  const columns = optional(fieldOf(object, 'sparse_col_indices'), `${place}.sparse_col_indices`, integersAt);
  if (starts === undefined && columns === undefined) {
    const tensor = { data, dtype, shape: shape ?? [data.length] };
    checkDense(tensor, place);
    return tensor;
  }
  const tensor = {
    data,
    dtype,
    shape: shape ?? [],
    sparse_crow_indices: starts ?? [],
    sparse_col_indices: columns ?? [],
  };
  checkSparse(tensor, place);
  return tensor;
}

export function tensorJson(tensor: AnyTensorData, place: string): ExactJson {
  const { data, dtype, shape } = tensor;
  if (isSparse(tensor)) checkSparse(tensor, place, UnwritableError);
  else checkDense(tensor, place, UnwritableError);
  const wrong = data.findIndex((value: number) => !Number.isFinite(value));
  if (wrong !== -1) throw new UnwritableError(place, `value ${wrong} is ${data[wrong]}, which JSON cannot say`);
  if (dtype === 'float32' && !(data instanceof Float32Array)) toFloat32(data, place, UnwritableError);
  const head = { data: Array.from(data), dtype, shape };
  if (!isSparse(tensor)) return head;
  const { sparse_crow_indices, sparse_col_indices } = tensor;
  return { ...head, sparse_crow_indices, sparse_col_indices };
}

function dtypeAt(value: Sent, place: string): TensorDType {
  if (value === 'float32' || value === 'int64') return value;
  throw expected('"float32" or "int64"', value, place);
}

/** Sparse inputs become dense ones: a cell that is not listed is 0, a token or a weight. */
export function datumAt(value: Sent, place: string, room: DenseRoom): Datum {
  const object = objectAt(value, place);
  return {
    model_input: modelInputAt(fieldOf(object, 'model_input'), `${place}.model_input`),
    loss_fn_inputs: recordAt(fieldOf(object, 'loss_fn_inputs'), `${place}.loss_fn_inputs`, (tensor, at) =>
      denseTensor(tensorAt(tensor, at), 0, room, at),
    ),
  };
}

/** Spans have no form in JSON. */
export function datumJson({ model_input, loss_fn_inputs }: Datum, place: string): ExactJson {
  const inputs = Object.entries(loss_fn_inputs).map(([name, tensor]) => [
    name,
    tensorJson(tensor, `${place}.loss_fn_inputs.${name}`),
  ]);
  return { model_input: modelInputJson(model_input), loss_fn_inputs: Object.fromEntries(inputs) };
}
