// The protobuf messages of the Tinker API (package tinker_public, proto3) as one table, and protobufjs set up by it.

import protobuf from 'protobufjs/light.js';
import { messageOf } from '../../util/errors.ts';
import { checkBounds } from './bounds.ts';
import { WireError } from './error.ts';

/**
 * Number, type and rule of every field. `optional`: absent is told from the default; `either`: one of the fields so marked
 * is set. Enums are int32. Maps are repeated entries, which is the same on the wire and takes any key.
 */
const MESSAGES = {
  ForwardBackwardRequest: {
    model_id: [1, 'string'],
    seq_id: [2, 'int32'],
    data: [3, 'Datum', 'repeated'],
    loss_fn: [4, 'string'],
    loss_fn_config: [5, 'NumberEntry', 'repeated'],
    forward_only: [6, 'bool'],
    loss_fn_config_v2: [7, 'LossConfigEntry', 'repeated'],
  },
  NumberEntry: { key: [1, 'string'], value: [2, 'double'] },
  LossConfigEntry: { key: [1, 'string'], value: [2, 'LossConfigValue'] },
  LossConfigValue: { number: [1, 'double', 'either'], text: [2, 'string', 'either'] },
  Datum: {
    model_input: [1, 'Chunk', 'repeated'],
    loss_fn_inputs: [2, 'TensorEntry', 'repeated'],
    model_input_spans: [3, 'ProvenanceSpan', 'repeated'],
    loss_fn_input_spans: [4, 'ProvenanceSpan', 'repeated'],
    /** Of this package alone, far from the official numbers: sent only to services that say that they know it. */
    logprob_mask: [1001, 'bytes', 'optional'],
  },
  ProvenanceSpan: { prompt_tokens: [1, 'TokenSpan', 'either'], sampled_tokens: [2, 'TokenSpan', 'either'] },
  /** Two messages with the same fields: PromptProvenanceSpan and SampledProvenanceSpan. */
  TokenSpan: { sequence_id: [1, 'string'], offset: [2, 'int64'], length: [3, 'int64'] },
  Chunk: {
    encoded_text: [1, 'EncodedTextChunk', 'either'],
    image: [2, 'ImageChunk', 'either'],
    dmel: [3, 'DmelChunk', 'either'],
  },
  EncodedTextChunk: { tokens: [1, 'bytes'] },
  ImageChunk: { data: [1, 'bytes'], format: [2, 'string'], expected_tokens: [3, 'int32', 'optional'] },
  DmelChunk: { dmel: [1, 'bytes'] },
  TensorEntry: { key: [1, 'string'], value: [2, 'Tensor'] },
  Tensor: {
    dense: [1, 'bytes', 'either'],
    sparse_csr: [2, 'SparseCsr', 'either'],
    dtype: [3, 'int32'],
    shape: [4, 'int64', 'repeated'],
  },
  SparseCsr: { values: [1, 'bytes'], crow_indices: [2, 'bytes'], col_indices: [3, 'bytes'] },
  ForwardBackwardOutput: {
    loss_fn_output_type: [1, 'string'],
    loss_fn_outputs: [2, 'ArrayRecord', 'repeated'],
    metrics: [3, 'NumberEntry', 'repeated'],
  },
  ArrayRecord: {
    type_tag: [1, 'string'],
    fields: [2, 'BatchedTensorEntry', 'repeated'],
    num_datums: [3, 'int64'],
  },
  BatchedTensorEntry: { key: [1, 'string'], value: [2, 'BatchedTensor'] },
  BatchedTensor: {
    data: [1, 'bytes'],
    offsets: [2, 'bytes'],
    dtype: [3, 'int32'],
    trailing_shape: [4, 'int64', 'repeated'],
  },
  SampleResponse: {
    sequences: [1, 'SampledSequence', 'repeated'],
    prompt_logprobs: [2, 'bytes', 'optional'],
    topk_prompt_logprobs: [3, 'TopkLogprobs'],
    prompt_cache_hit_tokens: [4, 'int32'],
    target_prompt_logprobs: [5, 'Tensor'],
    prompt_alt_tokens: [6, 'PromptAltTokens'],
  },
  SampledSequence: {
    stop_reason: [1, 'int32'],
    tokens: [2, 'bytes'],
    logprobs: [3, 'bytes', 'optional'],
    topk_sampled_logprobs: [4, 'TopkLogprobs'],
  },
  TopkLogprobs: { token_ids: [1, 'bytes'], logprobs: [2, 'bytes'], k: [3, 'uint32'], length: [4, 'uint32'] },
  PromptAltTokens: { tokens: [1, 'Tensor'], logprobs: [2, 'Tensor'] },
} as const satisfies Record<string, Record<string, FieldSpec>>;

type FieldSpec = readonly [id: number, type: string, rule?: 'repeated' | 'optional' | 'either'];
type Messages = typeof MESSAGES;
export type MessageName = keyof Messages;

/** int64 as a number: one that is too large to be exact is no safe integer either. */
interface Scalars {
  string: string;
  bytes: Uint8Array;
  int32: number;
  uint32: number;
  int64: number;
  bool: boolean;
  double: number;
}

type ValueOf<Type> = Type extends keyof Scalars ? Scalars[Type] : Type extends MessageName ? Message<Type> : never;
type FieldOf<Spec> = Spec extends readonly [number, infer Type, 'repeated']
  ? readonly ValueOf<Type>[]
  : Spec extends readonly [number, infer Type, ...unknown[]]
    ? ValueOf<Type>
    : never;

/** A message as protobufjs takes and gives it. An absent field has its default: 0, empty, false. */
export type Message<Name extends MessageName> = {
  readonly [Field in keyof Messages[Name]]?: FieldOf<Messages[Name][Field]> | undefined;
};

const root = protobuf.Root.fromJSON({
  nested: Object.fromEntries(Object.entries(MESSAGES).map(([name, fields]) => [name, typeOf(fields)])),
});

function typeOf(specs: Record<string, FieldSpec>) {
  const fields = Object.fromEntries(
    Object.entries(specs).map(([name, [id, type, rule]]) => [
      name,
      rule === 'repeated' ? { id, type, rule } : { id, type },
    ]),
  );
  const named = (wanted: FieldSpec[2]) =>
    Object.entries(specs).flatMap(([name, [, , rule]]) => (rule === wanted ? [name] : []));
  // protoc, too, tells absent from default by a oneof of one field.
  const oneofs = Object.fromEntries(named('optional').map((name) => [`_${name}`, { oneof: [name] }]));
  const either = named('either');
  return { edition: 'proto3', fields, oneofs: either.length === 0 ? oneofs : { ...oneofs, either: { oneof: either } } };
}

export function encodeMessage<Name extends MessageName>(name: Name, message: Message<Name>): Uint8Array {
  return root.lookupType(name).encode(message).finish();
}

/** Fields of type bytes are views of `bytes`. Throws a WireError for what is no such message or holds too much; fields that it lacks are skipped. */
export function decodeMessage(name: MessageName, bytes: Uint8Array) {
  const type = root.lookupType(name);
  const reader = protobuf.Reader.create(bytes);
  reader.discardUnknown = true;
  try {
    checkBounds(type, bytes);
    return type.toObject(type.decode(reader), { longs: Number });
  } catch (error) {
    if (error instanceof WireError) throw error;
    throw new WireError('', `not a ${name} in protobuf: ${messageOf(error)}`, { cause: error });
  }
}
