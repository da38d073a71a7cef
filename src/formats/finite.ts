// NaN and infinity in weights, found before anything is computed with them: one such value turns every result into NaN.
import type { FileHandle } from 'node:fs/promises';
import { WeightsError } from '../util/errors.ts';
import { readExactly, withFile } from './files.ts';
import { type FloatDtype, floatDtype } from './safetensors.ts';
import type { StoredTensors, TensorInfo } from './tensors.ts';

interface Exponent {
  readonly mask: number;
  /** Carries out of an exponent of all ones, which NaN and infinity have and no other value, into the bit above it. */
  readonly one: number;
}

/** In words of 32 bits, of which a 16-bit type has two values. */
const EXPONENTS: Readonly<Record<FloatDtype, Exponent>> = {
  F32: { mask: 0x7f80_0000, one: 0x0080_0000 },
  F16: { mask: 0x7c00_7c00, one: 0x0400_0400 },
  BF16: { mask: 0x7f80_7f80, one: 0x0080_0080 },
};
/** Where the carries arrive. Those of F32 never reach the lower one. */
const CARRIES = 0x8000_8000;

/** What is read at once: it is looked at while it is still in the processor's cache. */
const PIECE_BYTES = 2 ** 20;

interface Piece {
  readonly tensor: TensorInfo;
  readonly start: number;
  readonly length: number;
  readonly exponent: Exponent;
}

/**
 * Reads the named tensors of a model and looks for values that are NaN or infinite, or not floating-point at all.
 * Throws WeightsError for the first tensor that has one.
 */
export async function checkFiniteWeights(model: StoredTensors, names: Iterable<string>): Promise<void> {
  const wanted = new Set(names);
  const byFile = new Map<string, Piece[]>();
  for (const tensor of model.tensors.values()) {
    if (!wanted.has(tensor.name)) continue;
    const pieces = byFile.get(tensor.path) ?? [];
    byFile.set(tensor.path, pieces);
    for (const piece of piecesOf(tensor)) pieces.push(piece);
  }
  for (const [path, pieces] of byFile) {
    const bad = await withFile(path, (handle) => firstBad(handle, pieces));
    // Once more, value by value: the scan does not say which it was.
    if (bad !== null) checkFinite(await model.read(bad.name), bad, path);
  }
}

export function allFinite(values: Float32Array): boolean {
  return !hasBad(new Int32Array(values.buffer, values.byteOffset, values.length), EXPONENTS.F32);
}

/** Throws WeightsError, naming the tensor that came from the file at `path`, where a value is NaN or infinite. */
export function checkFinite(values: Float32Array, tensor: { name: string; shape: readonly number[] }, path: string) {
  if (allFinite(values)) return;
  const first = values.findIndex((value) => !Number.isFinite(value));
  const count = values.reduce((sum, value) => sum + (Number.isFinite(value) ? 0 : 1), 0);
  throw new WeightsError(
    `${path}: tensor "${tensor.name}": the value at [${indexIn(tensor.shape, first)}] is ${values[first]}; ` +
      `${count} of ${values.length} values are NaN or infinite`,
    {
      hint: 'The file is damaged, or the training that made it diverged: get it again, or take an earlier checkpoint.',
    },
  );
}

/** The next piece is read while one is looked at. */
async function firstBad(handle: FileHandle, pieces: readonly Piece[]): Promise<TensorInfo | null> {
  const buffers = [new Uint8Array(PIECE_BYTES), new Uint8Array(PIECE_BYTES)];
  const read = async (i: number): Promise<void> => {
    if (i === pieces.length) return;
    const { tensor, start, length } = pieces[i];
    const target = buffers[i % 2];
    await readExactly(handle, target.subarray(0, length), tensor.byteOffset + start, tensor.path);
    // An odd number of 16-bit values ends in the middle of a word.
    target.fill(0, length, wordsIn(length) * 4);
  };
  await read(0);
  for (const [i, { tensor, length, exponent }] of pieces.entries()) {
    const next = read(i + 1);
    const bad = hasBad(new Int32Array(buffers[i % 2].buffer, 0, wordsIn(length)), exponent);
    await next;
    if (bad) return tensor;
  }
  return null;
}

function piecesOf(tensor: TensorInfo): Piece[] {
  const exponent = EXPONENTS[floatDtype(tensor)];
  return Array.from({ length: Math.ceil(tensor.byteLength / PIECE_BYTES) }, (_, i) => {
    const start = i * PIECE_BYTES;
    return { tensor, start, length: Math.min(PIECE_BYTES, tensor.byteLength - start), exponent };
  });
}

/** Every weight goes through here: no branches inside, eight words a round. */
function hasBad(words: Int32Array, { mask, one }: Exponent): boolean {
  const whole = words.length - (words.length % 8);
  let carries = 0;
  for (let i = 0; i < whole; i += 8) {
    carries |=
      ((words[i] & mask) + one) |
      ((words[i + 1] & mask) + one) |
      ((words[i + 2] & mask) + one) |
      ((words[i + 3] & mask) + one) |
      ((words[i + 4] & mask) + one) |
      ((words[i + 5] & mask) + one) |
      ((words[i + 6] & mask) + one) |
      ((words[i + 7] & mask) + one);
  }
  for (let i = whole; i < words.length; i++) carries |= (words[i] & mask) + one;
  return (carries & CARRIES) !== 0;
}

function wordsIn(bytes: number): number {
  return Math.ceil(bytes / 4);
}

/** The place of an element of a row-major tensor, an index an axis. */
function indexIn(shape: readonly number[], flat: number): string {
  const indices: number[] = [];
  let rest = flat;
  for (const size of shape.toReversed()) {
    indices.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return indices.join(', ');
}
