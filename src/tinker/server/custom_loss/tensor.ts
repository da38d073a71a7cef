// The tensors of a custom loss: of the kinds that PyTorch calls bool, int64 and float32, all computed in float64.

import { RequestError } from '../../../util/errors.ts';

export type Kind = 'bool' | 'int' | 'float';

/** Entries of all tensors that one datum may make: a moment of computing, in which nobody else is served. */
const MAX_ENTRIES = 2 ** 22;

/** Row-major. */
export interface Tensor {
  readonly kind: Kind;
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export const scalar = (value: number, kind: Kind): Tensor => ({ kind, shape: [], data: Float64Array.of(value) });

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Of operands that are computed with each other, the one that the others become. */
export function commonKind(kinds: readonly Kind[]): Kind {
  if (kinds.includes('float')) return 'float';
  return kinds.includes('int') ? 'int' : 'bool';
}

/** Steps in `data` from one entry to the next, along each dimension. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = Array.from(shape, () => 1);
  for (let d = shape.length - 2; d >= 0; d--) strides[d] = strides[d + 1] * shape[d + 1];
  return strides;
}

/** The shape that operands are repeated to, as PyTorch does it: sizes of 1 and missing leading ones stretch. */
export function broadcastShape(shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map(({ length }) => length));
  return Array.from({ length: rank }, (_, d) => {
    const sizes = shapes.map((shape) => shape[d - rank + shape.length] ?? 1);
    const size = sizes.find((each) => each !== 1) ?? 1;
    if (sizes.every((each) => each === 1 || each === size)) return size;
    throw new RequestError(`tensors of the shapes ${shapes.map((shape) => `[${shape}]`).join(' and ')} do not fit`);
  });
}

/** Where each entry of the larger shape comes from in a tensor that is repeated to it. */
export function broadcastSources(from: readonly number[], to: readonly number[]): Int32Array {
  const lead = to.length - from.length;
  const strides = stridesOf(from);
  return sourcesOf(to, (d) => (d < lead || from[d - lead] === 1 ? 0 : strides[d - lead]));
}

/** Sources of a view: `strideOf` says how far one step along a dimension of `shape` goes in the tensor that is viewed. */
export function sourcesOf(shape: readonly number[], strideOf: (d: number) => number, start = 0): Int32Array {
  requireRoom(sizeOf(shape));
  let sources = Int32Array.of(start);
  for (const [d, size] of shape.entries()) {
    const stride = strideOf(d);
    const wider = new Int32Array(sources.length * size);
    for (const [i, source] of sources.entries()) {
      for (let j = 0; j < size; j++) wider[i * size + j] = source + j * stride;
    }
    sources = wider;
  }
  return sources;
}

/** A dimension that may be counted from behind. */
export function dimensionOf(dim: number, rank: number): number {
  const positive = dim < 0 ? dim + rank : dim;
  if (Number.isInteger(positive) && positive >= 0 && positive < rank) return positive;
  throw new RequestError(`there is no dimension ${dim} in a tensor of ${rank}`);
}

export function requireRoom(entries: number): void {
  if (entries <= MAX_ENTRIES) return;
  throw new RequestError(`the custom loss computes more than ${MAX_ENTRIES} numbers for one datum`);
}
