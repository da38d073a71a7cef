// The GGUF format, versions 2 and 3: metadata, a validated index of the tensors in a file, their values as float32.
// Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
import { WeightsError } from '../util/errors.ts';
import { allocate, fileSize, readExactly, withFile } from './files.ts';
import { checkFinite } from './finite.ts';
import { GgufCursor, type GgufValue, MoreBytesNeeded } from './gguf_cursor.ts';
import { GGUF_BLOCKS, type GgufDtype, isGgufDtype } from './gguf_quants.ts';
import { Fields } from './json_fields.ts';
import { elementCount, type TensorInfo, type TensorSource } from './tensors.ts';

interface GgufTensor extends TensorInfo {
  readonly dtype: GgufDtype;
}

export interface GgufFile extends TensorSource {
  readonly path: string;
  readonly metadata: Fields;
  /** By GGUF name, in the order in which they lie in the file. Shapes have the slowest axis first, unlike the file. */
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

const MAGIC = 0x46554747;
const FIRST_READ_BYTES = 2 ** 20;
/** The largest vocabularies take some 20 MB. */
const MAX_HEADER_BYTES = 2 ** 27;
const DEFAULT_ALIGNMENT = 32;
const MAX_AXES = 4;
/** Far above any model. */
const MAX_TENSORS = 2 ** 17;
const MAX_KEYS = 2 ** 16;
/** In the header: lengths and numbers around an empty name. */
const MIN_TENSOR_BYTES = 32;
const MIN_KEY_BYTES = 13;

/** Names of the numbers of `enum ggml_type`, also of those that cannot be read, for the error. */
const DTYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [0, 'F32'],
  [1, 'F16'],
  [2, 'Q4_0'],
  [3, 'Q4_1'],
  [6, 'Q5_0'],
  [7, 'Q5_1'],
  [8, 'Q8_0'],
  [10, 'Q2_K'],
  [11, 'Q3_K'],
  [12, 'Q4_K'],
  [13, 'Q5_K'],
  [14, 'Q6_K'],
  [16, 'IQ2_XXS'],
  [17, 'IQ2_XS'],
  [18, 'IQ3_XXS'],
  [19, 'IQ1_S'],
  [20, 'IQ4_NL'],
  [21, 'IQ3_S'],
  [22, 'IQ2_S'],
  [23, 'IQ4_XS'],
  [29, 'IQ1_M'],
  [30, 'BF16'],
]);

/** Reads and checks the header of a GGUF file. Throws WeightsError naming the file and the metadata key or tensor. */
export async function openGguf(path: string): Promise<GgufFile> {
  const { metadata, tensors } = await readHeader(path, await fileSize(path));
  return {
    path,
    metadata,
    tensors,
    read: async (name) => {
      const tensor = tensors.get(name);
      if (tensor === undefined) throw new WeightsError(`${path}: no tensor "${name}"`);
      const what = `${path}: tensor "${name}"`;
      const values = new Float32Array(allocate(elementCount(tensor.shape) * 4, what));
      const bytes = new Uint8Array(allocate(tensor.byteLength, what));
      await withFile(path, (handle) => readExactly(handle, bytes, tensor.byteOffset, path));
      GGUF_BLOCKS[tensor.dtype].decode(bytes, values);
      // A damaged scale makes a whole block infinite, or NaN; here the file still has the name that the user knows.
      checkFinite(values, tensor, path);
      return values;
    },
  };
}

type Header = Pick<GgufFile, 'metadata' | 'tensors'>;

/** The header does not say how long it is: it is read in growing pieces until it is whole. */
async function readHeader(path: string, size: number): Promise<Header> {
  for (let length = FIRST_READ_BYTES; ; length *= 4) {
    const bytes = new Uint8Array(Math.min(length, MAX_HEADER_BYTES, size));
    await withFile(path, (handle) => readExactly(handle, bytes, 0, path));
    try {
      return parseHeader(new GgufCursor(bytes, size, path), path, size);
    } catch (error) {
      if (!(error instanceof MoreBytesNeeded)) throw error;
    }
    if (length >= MAX_HEADER_BYTES) throw new WeightsError(`${path}: a header above ${MAX_HEADER_BYTES} bytes`);
  }
}

function parseHeader(cursor: GgufCursor, path: string, size: number): Header {
  if (cursor.uint32('the first bytes') !== MAGIC) {
    throw new WeightsError(`${path}: not a GGUF file: it does not start with "GGUF"`);
  }
  const version = cursor.uint32('the version');
  if (version !== 2 && version !== 3) {
    const problem = version % 0x10000 === 0 ? 'big-endian files' : `version ${version} of GGUF`;
    throw new WeightsError(`${path}: ${problem} cannot be read, only little-endian ones of version 2 or 3`);
  }
  const tensorCount = cursor.count(MIN_TENSOR_BYTES, 'the number of tensors', MAX_TENSORS);
  const metadataCount = cursor.count(MIN_KEY_BYTES, 'the number of metadata keys', MAX_KEYS);

  const metadata = new Map<string, GgufValue>();
  for (let i = 0; i < metadataCount; i++) {
    const key = cursor.name(`key ${i + 1} of ${metadataCount}`);
    if (metadata.has(key)) throw new WeightsError(`${path}: ${key}: there twice`);
    metadata.set(key, cursor.value(key));
  }
  const fields = new Fields(Object.fromEntries(metadata), path);
  const alignment = fields.size('general.alignment', DEFAULT_ALIGNMENT);
  if (alignment % 8 !== 0) throw fields.error('general.alignment', `expected a multiple of 8, not ${alignment}`);

  const tensors: GgufTensor[] = [];
  for (let i = 0; i < tensorCount; i++) tensors.push(parseTensor(cursor, path, `tensor ${i + 1} of ${tensorCount}`));
  const dataStart = Math.ceil(cursor.at / alignment) * alignment;
  return { metadata: fields, tensors: placeTensors(tensors, dataStart, alignment, size, path) };
}

/** A tensor whose `byteOffset` still counts from the start of the data. */
function parseTensor(cursor: GgufCursor, path: string, which: string): GgufTensor {
  const name = cursor.name(which);
  const what = `tensor "${name}"`;
  const axes = cursor.uint32(what);
  if (axes < 1 || axes > MAX_AXES) throw new WeightsError(`${path}: ${what}: ${axes} axes, expected 1 to ${MAX_AXES}`);
  const shape = Array.from({ length: axes }, () => cursor.uint64(what)).reverse();
  const dtypeNumber = cursor.uint32(what);
  const byteOffset = cursor.uint64(what);

  const dtype = DTYPE_NAMES.get(dtypeNumber) ?? `number ${dtypeNumber}`;
  if (!isGgufDtype(dtype)) {
    throw new WeightsError(`${path}: ${what}: values of type ${dtype} cannot be read`, {
      hint: `Known: ${Object.keys(GGUF_BLOCKS).join(', ')}.`,
    });
  }
  const { values, bytes } = GGUF_BLOCKS[dtype];
  const rowLength = shape[axes - 1];
  if (!shape.every((size) => size >= 1) || rowLength % values !== 0 || !Number.isSafeInteger(elementCount(shape) * 4)) {
    throw new WeightsError(`${path}: ${what}: shape [${shape.join(', ')}] is impossible for values of type ${dtype}`);
  }
  return { name, dtype, shape, path, byteOffset, byteLength: (elementCount(shape) / values) * bytes };
}

/** Turns offsets into absolute ones and checks that the tensors lie inside the file and apart from each other. */
function placeTensors(
  tensors: readonly GgufTensor[],
  dataStart: number,
  alignment: number,
  size: number,
  path: string,
): ReadonlyMap<string, GgufTensor> {
  const placed = new Map<string, GgufTensor>();
  let covered = 0;
  for (const tensor of tensors.toSorted((a, b) => a.byteOffset - b.byteOffset)) {
    const { name, byteOffset, byteLength } = tensor;
    const fail = (message: string): WeightsError => new WeightsError(`${path}: tensor "${name}" ${message}`);
    if (placed.has(name)) throw fail('is there twice');
    if (byteOffset % alignment !== 0) throw fail(`starts at byte ${byteOffset}, no multiple of ${alignment}`);
    if (byteOffset < covered) throw fail('overlaps the tensor before it');
    covered = byteOffset + byteLength;
    if (dataStart + covered > size) {
      throw fail(`ends at byte ${dataStart + covered} of a file of ${size} bytes; the file may be truncated`);
    }
    placed.set(name, { ...tensor, byteOffset: dataStart + byteOffset });
  }
  return placed;
}
