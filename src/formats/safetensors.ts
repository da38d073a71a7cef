// The safetensors format: a validated index of the tensors in a file, their values as float32, and a writer.
// Format: https://github.com/huggingface/safetensors#format
import type { FileHandle } from 'node:fs/promises';
import { messageOf, WeightsError } from '../util/errors.ts';
import { isJsonObject } from '../util/json.ts';
import { allocate, fileSize, readExactly, replaceFile, withFile } from './files.ts';
import { bfloat16ToFloat32, float16ToFloat32, float32ToBfloat16, float32ToFloat16 } from './half.ts';
import { describe } from './json_fields.ts';
import { parseStrictJson } from './strict_json.ts';
import { elementCount, type TensorInfo, type TensorSource } from './tensors.ts';

const DTYPE_BYTES = new Map([
  ['BOOL', 1],
  ['U8', 1],
  ['I8', 1],
  ['F8_E5M2', 1],
  ['F8_E4M3', 1],
  ['U16', 2],
  ['I16', 2],
  ['F16', 2],
  ['BF16', 2],
  ['U32', 4],
  ['I32', 4],
  ['F32', 4],
  ['U64', 8],
  ['I64', 8],
  ['F64', 8],
]);

/** Room for 100,000 tensors. The reference allows 100 MB, of which a hostile file makes gigabytes of objects. */
const MAX_HEADER_BYTES = 2 ** 24;
/** The header, a tensor in it, its shape. */
const HEADER_DEPTH = 3;
/** Far above any name; errors show names. */
export const MAX_NAME_LENGTH = 1024;
/** As many as PyTorch has; errors show shapes. */
const MAX_AXES = 64;
const WRITE_CHUNK_VALUES = 2 ** 20;

export type FloatDtype = 'F32' | 'F16' | 'BF16';

function isFloatDtype(dtype: string): dtype is FloatDtype {
  return dtype === 'F32' || dtype === 'F16' || dtype === 'BF16';
}

/** The type of a tensor of weights. Throws WeightsError for one that is not floating-point. */
export function floatDtype({ path, name, dtype }: TensorInfo): FloatDtype {
  if (isFloatDtype(dtype)) return dtype;
  throw new WeightsError(`${path}: tensor "${name}": values of type ${dtype} cannot be used as weights`, {
    hint: 'Convert the model to F32, F16 or BF16.',
  });
}

export interface SafetensorsFile extends TensorSource {
  readonly path: string;
  readonly metadata: ReadonlyMap<string, string>;
  /** By name, in the order in which they lie in the file. */
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  readBytes(name: string): Promise<Uint8Array<ArrayBuffer>>;
}

export interface TensorToWrite {
  readonly name: string;
  readonly dtype: FloatDtype | 'I8' | 'U8';
  readonly shape: readonly number[];
  /** The values, or what makes them when their turn comes: so a model larger than memory can be written. Those of I8 and U8 are bytes already. */
  readonly data: Float32Array | (() => Promise<Float32Array | Int8Array | Uint8Array>);
}

/** Reads and checks the header of a safetensors file. Throws WeightsError naming the file and the tensor. */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  const size = await fileSize(path);
  const { metadata, tensors } = await withFile(path, async (handle) => {
    if (size < 8) throw new WeightsError(`${path}: ${size} bytes are too few for a safetensors file`);
    const prefix = new Uint8Array(8);
    await readExactly(handle, prefix, 0, path);
    const headerBytes = new DataView(prefix.buffer).getBigUint64(0, true);
    if (headerBytes > size - 8) {
      throw new WeightsError(`${path}: a header of ${headerBytes} bytes cannot be in a file of ${size} bytes`, {
        hint: 'The file is truncated, or it is no safetensors file.',
      });
    }
    if (headerBytes > MAX_HEADER_BYTES) {
      throw new WeightsError(`${path}: a header of ${headerBytes} bytes; at most ${MAX_HEADER_BYTES} are read`, {
        hint: 'The file is damaged, or it is no safetensors file.',
      });
    }
    const header = new Uint8Array(Number(headerBytes));
    await readExactly(handle, header, 8, path);
    return parseHeader(path, header, size - 8 - header.byteLength);
  });

  function find(name: string): TensorInfo {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw new WeightsError(`${path}: no tensor "${name}"`);
    return tensor;
  }
  return {
    path,
    metadata,
    tensors,
    read: async (name) => readFloats(find(name)),
    readBytes: async (name) => readBytes(find(name)),
  };
}

/** Values of an F32, F16 or BF16 tensor, without a second copy of it in memory. */
async function readFloats(tensor: TensorInfo): Promise<Float32Array<ArrayBuffer>> {
  const { path, name, byteLength, byteOffset } = tensor;
  const dtype = floatDtype(tensor);
  const toFloat32 = dtype === 'F16' ? float16ToFloat32 : dtype === 'BF16' ? bfloat16ToFloat32 : undefined;
  const length = toFloat32 === undefined ? byteLength / 4 : byteLength / 2;
  const values = new Float32Array(allocate(length * 4, `${path}: tensor "${name}"`));
  // 16-bit values go to the upper half and are widened from the front: the value written never reaches one unread.
  const start = values.byteLength - byteLength;
  await withFile(path, (handle) => readExactly(handle, new Uint8Array(values.buffer, start), byteOffset, path));
  toFloat32?.(new Uint16Array(values.buffer, start), values);
  return values;
}

async function readBytes({ path, name, byteLength, byteOffset }: TensorInfo): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(allocate(byteLength, `${path}: tensor "${name}"`));
  await withFile(path, (handle) => readExactly(handle, bytes, byteOffset, path));
  return bytes;
}

interface Header {
  metadata: Map<string, string>;
  tensors: Map<string, TensorInfo>;
}

function parseHeader(path: string, bytes: Uint8Array, dataBytes: number): Header {
  let header: unknown;
  try {
    if (bytes[0] !== 0x7b) throw new SyntaxError('it does not start with "{"');
    header = parseStrictJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes), HEADER_DEPTH);
  } catch (error) {
    throw new WeightsError(`${path}: the header is not valid: ${messageOf(error)}`, { cause: error });
  }
  if (!isJsonObject(header)) throw new WeightsError(`${path}: the header is not a JSON object`);

  let metadata = new Map<string, string>();
  const tensors: TensorInfo[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') metadata = parseMetadata(path, entry);
    else tensors.push(parseTensor(path, name, entry, 8 + bytes.byteLength, dataBytes));
  }
  tensors.sort((a, b) => a.byteOffset - b.byteOffset || a.byteLength - b.byteLength);
  checkNoGaps(path, tensors, 8 + bytes.byteLength, dataBytes);
  return { metadata, tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])) };
}

function parseMetadata(path: string, value: unknown): Map<string, string> {
  if (!isJsonObject(value)) throw new WeightsError(`${path}: __metadata__ is not a JSON object`);
  const metadata = new Map<string, string>();
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw new WeightsError(`${path}: __metadata__ ${describe(key)} is not a string`);
    metadata.set(key, text);
  }
  return metadata;
}

function parseTensor(path: string, name: string, entry: unknown, dataStart: number, dataBytes: number): TensorInfo {
  const fail = (message: string): WeightsError => new WeightsError(`${path}: tensor "${name}": ${message}`);
  if (name.length > MAX_NAME_LENGTH) throw new WeightsError(`${path}: a tensor name of ${name.length} characters`);
  if (!isJsonObject(entry)) throw fail('its entry is not a JSON object');
  const { dtype, shape, data_offsets: offsets } = entry;
  const itemBytes = typeof dtype === 'string' ? DTYPE_BYTES.get(dtype) : undefined;
  if (typeof dtype !== 'string' || itemBytes === undefined) throw fail(`unknown dtype ${describe(dtype)}`);
  if (!isSizeArray(shape)) throw fail('shape must be a list of non-negative integers');
  if (shape.length > MAX_AXES) throw fail(`a shape of ${shape.length} axes; at most ${MAX_AXES} are read`);
  if (!isSizeArray(offsets) || offsets.length !== 2) throw fail('data_offsets must be two non-negative integers');
  const [begin, end] = offsets;
  if (begin > end || end > dataBytes) {
    throw fail(`bytes ${begin} to ${end} lie outside the ${dataBytes} bytes of data; the file may be truncated`);
  }
  const byteLength = end - begin;
  if (elementCount(shape) * itemBytes !== byteLength) {
    throw fail(`shape [${shape.join(', ')}] of ${dtype} does not take ${byteLength} bytes`);
  }
  return { name, path, dtype, shape, byteOffset: dataStart + begin, byteLength };
}

/** The format demands that the tensors cover the data exactly: no byte twice, none left over. */
function checkNoGaps(path: string, tensors: readonly TensorInfo[], dataStart: number, dataBytes: number): void {
  let covered = dataStart;
  for (const { name, byteOffset, byteLength } of tensors) {
    if (byteOffset !== covered) {
      const problem = byteOffset < covered ? 'overlaps the tensor before it' : 'leaves a gap before it';
      throw new WeightsError(`${path}: tensor "${name}" ${problem}`);
    }
    covered += byteLength;
  }
  const rest = dataStart + dataBytes - covered;
  if (rest !== 0) throw new WeightsError(`${path}: the last ${rest} bytes belong to no tensor`);
}

/**
 * Writes a safetensors file, atomically, the same bytes for the same tensors in any order: wider dtypes first, so that
 * every tensor is aligned to its item, then by name. Memory: one tensor and a few MiB.
 * Throws WeightsError for equal names, for values that do not fit the shape, and for values float16 cannot hold.
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<TensorToWrite>,
  metadata: Readonly<Record<string, string>> = {},
  signal?: AbortSignal,
): Promise<void> {
  const ordered = [...tensors].sort((a, b) => bytesOf(b) - bytesOf(a) || (a.name < b.name ? -1 : 1));
  await replaceFile(path, async (handle) => {
    let position = await writeFully(handle, encodeHeader(path, ordered, metadata), 0);
    for (const tensor of ordered) {
      const data = typeof tensor.data === 'function' ? await tensor.data() : tensor.data;
      if (data.length !== elementCount(tensor.shape)) {
        throw new WeightsError(
          `${path}: tensor "${tensor.name}": ${data.length} values do not fill the shape [${tensor.shape.join(', ')}]`,
        );
      }
      for (let start = 0; start < data.length; start += WRITE_CHUNK_VALUES) {
        signal?.throwIfAborted();
        const chunk = encodeValues(path, tensor, data.subarray(start, start + WRITE_CHUNK_VALUES));
        position = await writeFully(handle, chunk, position);
      }
    }
  });
}

function encodeHeader(
  path: string,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const header = new Map<string, unknown>();
  if (Object.keys(metadata).length > 0) header.set('__metadata__', metadata);
  let offset = 0;
  for (const tensor of tensors) {
    const { name, dtype, shape } = tensor;
    if (name === '__metadata__' || header.has(name)) {
      throw new WeightsError(`${path}: tensor "${name}": the name is taken`);
    }
    const end = offset + elementCount(shape) * bytesOf(tensor);
    header.set(name, { dtype, shape, data_offsets: [offset, end] });
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  const bytes = new Uint8Array(8 + Math.ceil(json.byteLength / 8) * 8).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(bytes.byteLength - 8), true);
  bytes.set(json, 8);
  return bytes;
}

function encodeValues(
  path: string,
  { name, dtype }: TensorToWrite,
  values: Float32Array | Int8Array | Uint8Array,
): Uint8Array {
  const isFloats = values instanceof Float32Array;
  if (isFloats === (dtype === 'I8' || dtype === 'U8')) throw new Error(`tensor "${name}": ${dtype} takes other values`);
  if (dtype === 'F32' || !isFloats) return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const bits = new Uint16Array(values.length);
  if (dtype === 'BF16') float32ToBfloat16(values, bits);
  else {
    float32ToFloat16(values, bits);
    const overflow = bits.findIndex((pattern, i) => (pattern & 0x7fff) === 0x7c00 && Number.isFinite(values[i]));
    if (overflow >= 0) {
      throw new WeightsError(`${path}: tensor "${name}": ${values[overflow]} is too large for F16`, {
        hint: 'Write it as BF16 or F32.',
      });
    }
  }
  return new Uint8Array(bits.buffer);
}

async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < bytes.byteLength) {
    done += (await handle.write(bytes, done, bytes.byteLength - done, position + done)).bytesWritten;
  }
  return position + done;
}

function bytesOf({ dtype }: TensorToWrite): number {
  if (dtype === 'I8' || dtype === 'U8') return 1;
  return dtype === 'F32' ? 4 : 2;
}

function isSizeArray(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}
