// The primitive values of a GGUF header, one after another, and never a byte past the end.
import { WeightsError } from '../util/errors.ts';

/** A 64-bit integer becomes the nearest number: what a model is described by stays far below 2^53. */
export type GgufValue = number | boolean | string | GgufValue[];

/** The header goes on after the bytes at hand. */
export class MoreBytesNeeded extends Error {}

interface Scalar {
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number | boolean;
}

/** By the numbers of `enum gguf_metadata_value_type`. */
const SCALARS: ReadonlyMap<number, Scalar> = new Map<number, Scalar>([
  [0, { bytes: 1, read: (view, at) => view.getUint8(at) }],
  [1, { bytes: 1, read: (view, at) => view.getInt8(at) }],
  [2, { bytes: 2, read: (view, at) => view.getUint16(at, true) }],
  [3, { bytes: 2, read: (view, at) => view.getInt16(at, true) }],
  [4, { bytes: 4, read: (view, at) => view.getUint32(at, true) }],
  [5, { bytes: 4, read: (view, at) => view.getInt32(at, true) }],
  [6, { bytes: 4, read: (view, at) => view.getFloat32(at, true) }],
  [7, { bytes: 1, read: (view, at) => view.getUint8(at) !== 0 }],
  [10, { bytes: 8, read: (view, at) => Number(view.getBigUint64(at, true)) }],
  [11, { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) }],
  [12, { bytes: 8, read: (view, at) => view.getFloat64(at, true) }],
]);
const STRING_TYPE = 8;
const ARRAY_TYPE = 9;
const MAX_ARRAY_DEPTH = 4;
const LENGTH_BYTES = 8;
/** Of all lists together: a vocabulary with its scores, types and merges has a million. Bounds the memory that a hostile file takes. */
const MAX_ITEMS = 2 ** 22;
/** The bound of the format for keys. */
const MAX_NAME_BYTES = 65535;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Reads from the first bytes of a file; `what` is the part of the file that errors name. */
export class GgufCursor {
  at = 0;
  #items = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #fileBytes: number;
  readonly #path: string;

  constructor(bytes: Uint8Array, fileBytes: number, path: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#fileBytes = fileBytes;
    this.#path = path;
  }

  uint32(what: string): number {
    return this.#view.getUint32(this.#take(4, what), true);
  }

  uint64(what: string): number {
    return Number(this.#view.getBigUint64(this.#take(8, what), true));
  }

  /** A number of items of at least `itemBytes` each, which must fit into what is left of the file. */
  count(itemBytes: number, what: string, max = Infinity): number {
    const count = this.uint64(what);
    if (count * itemBytes > this.#fileBytes - this.at) {
      throw new WeightsError(`${this.#path}: ${what}: ${count} items do not fit into the file`, {
        hint: 'The file is truncated or damaged.',
      });
    }
    if (count > max) throw this.#tooMany(count, max, what);
    return count;
  }

  string(what: string): string {
    const length = this.count(1, what);
    const start = this.#take(length, what);
    try {
      return utf8.decode(this.#bytes.subarray(start, start + length));
    } catch (error) {
      throw new WeightsError(`${this.#path}: ${what}: the text is not UTF-8`, { cause: error });
    }
  }

  /** A string that names something, and is shown in errors. */
  name(what: string): string {
    const start = this.at;
    const name = this.string(what);
    if (name.length <= MAX_NAME_BYTES) return name;
    throw new WeightsError(`${this.#path}: ${what}: a name of ${this.at - start - LENGTH_BYTES} bytes`);
  }

  /** A metadata value with the number of its type before it. */
  value(what: string): GgufValue {
    return this.#valueOf(this.uint32(what), what, 0);
  }

  #valueOf(type: number, what: string, depth: number): GgufValue {
    const scalar = SCALARS.get(type);
    if (scalar !== undefined) return scalar.read(this.#view, this.#take(scalar.bytes, what));
    if (type === STRING_TYPE) return this.string(what);
    if (type !== ARRAY_TYPE) throw new WeightsError(`${this.#path}: ${what}: unknown type ${type} of value`);
    if (depth === MAX_ARRAY_DEPTH) {
      throw new WeightsError(`${this.#path}: ${what}: lists nested deeper than ${MAX_ARRAY_DEPTH} levels`);
    }
    const itemType = this.uint32(what);
    const count = this.count(SCALARS.get(itemType)?.bytes ?? LENGTH_BYTES, what);
    this.#items += count;
    if (this.#items > MAX_ITEMS) throw this.#tooMany(this.#items, MAX_ITEMS, what);
    const items: GgufValue[] = [];
    for (let i = 0; i < count; i++) items.push(this.#valueOf(itemType, what, depth + 1));
    return items;
  }

  #tooMany(count: number, max: number, what: string): WeightsError {
    return new WeightsError(`${this.#path}: ${what}: ${count} items are too many, expected at most ${max}`, {
      hint: 'No known model has so many: the file is damaged.',
    });
  }

  /** Moves on by `length` bytes and returns where they start. */
  #take(length: number, what: string): number {
    const start = this.at;
    if (start + length > this.#fileBytes) {
      throw new WeightsError(`${this.#path}: ${what}: the file ends here, at byte ${this.#fileBytes}; it is truncated`);
    }
    if (start + length > this.#bytes.byteLength) throw new MoreBytesNeeded();
    this.at += length;
    return start;
  }
}
