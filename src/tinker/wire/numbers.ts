// Numbers in a row as the wire packs them: little-endian bytes, which are also how memory holds them, so most of it is views.

import { type FieldErrorKind, UnwritableError, WireError } from './error.ts';

const TWO_32 = 2 ** 32;

/** A view of the bytes where they are aligned for it, else of a copy. */
export function float32Of(bytes: Uint8Array, place: string): Float32Array {
  const { buffer, byteOffset } = alignedTo(4, bytes, place);
  return new Float32Array(buffer, byteOffset, bytes.length / 4);
}

export function int32Of(bytes: Uint8Array, place: string): Int32Array {
  const { buffer, byteOffset } = alignedTo(4, bytes, place);
  return new Int32Array(buffer, byteOffset, bytes.length / 4);
}

/** Throws a WireError for an integer that a JavaScript number would round. */
export function int64Of(bytes: Uint8Array, place: string): number[] {
  wholeNumbers(8, bytes, place);
  const words = int32Of(bytes, place);
  const values = new Array<number>(words.length / 2);
  for (let i = 0; i < values.length; i++) {
    const value = words[2 * i + 1] * TWO_32 + (words[2 * i] >>> 0);
    if (!Number.isSafeInteger(value)) throw new WireError(place, `value ${i} is beyond 2^53, too large to be exact`);
    values[i] = value;
  }
  return values;
}

/** Widened to float32, of which a bfloat16 is the upper half. */
export function bfloat16Of(bytes: Uint8Array, place: string): Float32Array {
  const { buffer, byteOffset } = alignedTo(2, bytes, place);
  const halves = new Uint16Array(buffer, byteOffset, bytes.length / 2);
  const values = new Float32Array(halves.length);
  const bits = new Uint32Array(values.buffer);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i] << 16;
  return values;
}

export function float32Bytes(values: ArrayLike<number>, place: string): Uint8Array {
  return bytesOf(values instanceof Float32Array ? values : toFloat32(values, place, UnwritableError));
}

/** Rounded, as float32 is; a number that would become infinite is refused. */
export function toFloat32(values: ArrayLike<number>, place: string, Fault: FieldErrorKind): Float32Array {
  const rounded = Float32Array.from(values);
  const wrong = rounded.findIndex((value, i) => Math.abs(value) === Infinity && value !== values[i]);
  if (wrong === -1) return rounded;
  throw new Fault(place, `value ${wrong} is ${values[wrong]}, too large for float32`);
}

/** Protobuf would write the lower bits of any other number. */
export function int32Written(value: number, place: string): number {
  if (Number.isInteger(value) && (value | 0) === value) return value;
  throw new UnwritableError(place, `must be an integer of 32 bits, not ${value}`);
}

export function int32Bytes(values: readonly number[], place: string): Uint8Array {
  const packed = Int32Array.from(values);
  const wrong = values.findIndex((value, i) => packed[i] !== value);
  if (wrong !== -1)
    throw new UnwritableError(place, `value ${wrong} must be an integer of 32 bits, not ${values[wrong]}`);
  return bytesOf(packed);
}

export function int64Bytes(values: ArrayLike<number>, place: string): Uint8Array {
  const words = new Int32Array(2 * values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isSafeInteger(value)) {
      throw new UnwritableError(place, `value ${i} must be an integer of at most 2^53, not ${value}`);
    }
    words[2 * i] = value;
    words[2 * i + 1] = Math.floor(value / TWO_32);
  }
  return bytesOf(words);
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function wholeNumbers(width: number, bytes: Uint8Array, place: string): void {
  if (bytes.length % width !== 0) {
    throw new WireError(place, `${bytes.length} bytes are no whole count of numbers of ${width} bytes`);
  }
}

function alignedTo(width: number, bytes: Uint8Array, place: string): Uint8Array {
  wholeNumbers(width, bytes, place);
  // A Buffer's own slice would be a view.
  return bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
}
