// Writes small GGUF files for tests, damaged ones too: every field can be given as it stands in the file.

/** Numbers of `enum gguf_metadata_value_type`. */
const VALUE_TYPES = {
  u8: 0,
  i8: 1,
  u16: 2,
  i16: 3,
  u32: 4,
  i32: 5,
  f32: 6,
  bool: 7,
  string: 8,
  array: 9,
  u64: 10,
  i64: 11,
  f64: 12,
} as const;

/** Numbers of `enum ggml_type`. */
export const TENSOR_TYPES = {
  F32: 0,
  F16: 1,
  Q4_0: 2,
  Q4_1: 3,
  Q5_0: 6,
  Q8_0: 8,
  Q4_K: 12,
  Q6_K: 14,
  BF16: 30,
} as const;

export type TypedValue =
  | { type: Exclude<keyof typeof VALUE_TYPES, 'string' | 'bool' | 'array'>; value: number }
  | { type: 'string'; value: string }
  | { type: 'bool'; value: boolean }
  | { type: 'array'; of: keyof typeof VALUE_TYPES; value: TypedValue[] };
/** Integers become u32, other numbers f32. */
export type Value = number | string | boolean | readonly string[] | readonly number[] | TypedValue;

export interface TensorOfFile {
  name: string;
  type: number;
  /** As in PyTorch, the slowest axis first. */
  shape: readonly number[];
  bytes: Uint8Array;
  /** From the start of the data; where the tensor lies when not given. */
  offset?: number;
}

export interface GgufContent {
  version?: number;
  metadata: Readonly<Record<string, Value>> | readonly (readonly [string, Value])[];
  tensors?: readonly TensorOfFile[];
  /** What the data is aligned to; the metadata is not told. */
  alignment?: number;
}

export function f32Tensor(name: string, shape: readonly number[], values: ArrayLike<number>): TensorOfFile {
  return { name, type: TENSOR_TYPES.F32, shape, bytes: new Uint8Array(Float32Array.from(values).buffer) };
}

export function ggufBytes({ version = 3, metadata, tensors = [], alignment = 32 }: GgufContent): Buffer {
  const padding = (length: number): Buffer => Buffer.alloc((alignment - (length % alignment)) % alignment);
  const entries = isList(metadata) ? metadata : Object.entries(metadata);
  const header = [Buffer.from('GGUF'), u32(version), u64(tensors.length), u64(entries.length)];
  for (const [key, value] of entries) {
    const typed = typedValue(value);
    header.push(text(key), u32(VALUE_TYPES[typed.type]), payload(typed));
  }
  const data: Buffer[] = [];
  let end = 0;
  for (const { name, type, shape, bytes, offset } of tensors) {
    header.push(text(name), u32(shape.length), ...shape.toReversed().map(u64), u32(type), u64(offset ?? end));
    const padded = padding(bytes.length);
    data.push(Buffer.from(bytes), padded);
    end += bytes.length + padded.length;
  }
  const head = Buffer.concat(header);
  return Buffer.concat([head, padding(head.length), ...data]);
}

function isList(metadata: GgufContent['metadata']): metadata is readonly (readonly [string, Value])[] {
  return Array.isArray(metadata);
}

function typedValue(value: Value): TypedValue {
  if (typeof value === 'string') return { type: 'string', value };
  if (typeof value === 'boolean') return { type: 'bool', value };
  if (typeof value === 'number') return { type: Number.isInteger(value) ? 'u32' : 'f32', value };
  if ('type' in value) return value;
  const items = value.map(typedValue);
  return {
    type: 'array',
    of: items.some((item) => item.type === 'f32') ? 'f32' : (items[0]?.type ?? 'u32'),
    value: items,
  };
}

function payload(typed: TypedValue): Buffer {
  if (typed.type === 'string') return text(typed.value);
  if (typed.type === 'bool') return Buffer.from([typed.value ? 1 : 0]);
  if (typed.type === 'array') {
    return Buffer.concat([
      u32(VALUE_TYPES[typed.of]),
      u64(typed.value.length),
      ...typed.value.map((item) => payload(asType(item, typed.of))),
    ]);
  }
  const bytes = Buffer.alloc(8);
  const { type, value } = typed;
  if (type === 'u8') return bytes.subarray(0, bytes.writeUInt8(value));
  if (type === 'i8') return bytes.subarray(0, bytes.writeInt8(value));
  if (type === 'u16') return bytes.subarray(0, bytes.writeUInt16LE(value));
  if (type === 'i16') return bytes.subarray(0, bytes.writeInt16LE(value));
  if (type === 'u32') return bytes.subarray(0, bytes.writeUInt32LE(value));
  if (type === 'i32') return bytes.subarray(0, bytes.writeInt32LE(value));
  if (type === 'f32') return bytes.subarray(0, bytes.writeFloatLE(value));
  if (type === 'u64') return bytes.subarray(0, bytes.writeBigUInt64LE(BigInt(value)));
  if (type === 'i64') return bytes.subarray(0, bytes.writeBigInt64LE(BigInt(value)));
  return bytes.subarray(0, bytes.writeDoubleLE(value));
}

/** The integers of a list of floats are floats too. */
function asType(item: TypedValue, type: keyof typeof VALUE_TYPES): TypedValue {
  return item.type === 'u32' && type === 'f32' ? { type, value: item.value } : item;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
