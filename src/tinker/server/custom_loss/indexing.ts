// Parts of tensors and other views of them, as Python and PyTorch write them.

import { RequestError } from '../../../util/errors.ts';
import type { Item, Slice } from './items.ts';
import { type Tape, Value } from './tape.ts';
import { broadcastSources, dimensionOf, requireRoom, sizeOf, sourcesOf, stridesOf } from './tensor.ts';

/** A view by which dimensions it shows: each of a size, with a step in what is viewed. */
interface View {
  start: number;
  dims: { size: number; stride: number }[];
}

/** `x[key]`: integers, slices, None, Ellipsis, a tuple of these, a mask, or a tensor of positions. */
export function itemOf(tape: Tape, x: Value, key: Item): Value {
  if (key instanceof Value) return key.kind === 'bool' ? masked(tape, x, key) : taken(tape, x, key);
  const parts = Array.isArray(key) ? key : [key];
  const lone = parts.filter((part): part is Value => part instanceof Value);
  if (lone.length > 0) throw new RequestError('a tensor among the indices of a custom loss must be the only one');
  return viewed(tape, x, withoutEllipsis(parts, x.shape.length).reduce(stepped, viewOf(x)));
}

export function reshaped(tape: Tape, x: Value, sizes: readonly number[]): Value {
  const known = sizeOf(sizes.filter((size) => size !== -1));
  const shape = sizes.map((size) => (size === -1 ? x.tensor.data.length / known : size));
  const isShape = shape.every((size) => Number.isInteger(size) && size >= 0);
  if (!isShape || sizeOf(shape) !== x.tensor.data.length) {
    throw new RequestError(`a tensor of shape [${x.shape}] has no shape [${sizes}]`);
  }
  return tape.select(x, shape, Int32Array.from(x.tensor.data.keys()));
}

export function withoutDims(tape: Tape, x: Value, dims: readonly number[]): Value {
  return reshaped(
    tape,
    x,
    x.shape.filter((_, d) => !dims.includes(d)),
  );
}

export function unsqueezed(tape: Tape, x: Value, dim: number): Value {
  const at = dimensionOf(dim, x.shape.length + 1);
  return reshaped(tape, x, x.shape.toSpliced(at, 0, 1));
}

/** Dimension d of the result is dimension `order[d]`. */
export function permuted(tape: Tape, x: Value, order: readonly number[]): Value {
  const { dims } = viewOf(x);
  const wanted = order.map((dim) => dimensionOf(dim, dims.length));
  if (new Set(wanted).size !== dims.length)
    throw new RequestError(`[${order}] is no order of ${dims.length} dimensions`);
  return viewed(tape, x, { start: 0, dims: wanted.map((d) => dims[d]) });
}

export function flipped(tape: Tape, x: Value, dims: readonly number[]): Value {
  const turned = dims.map((dim) => dimensionOf(dim, x.shape.length));
  return viewed(
    tape,
    x,
    viewOf(x).dims.reduce<View>(
      ({ start, dims: seen }, { size, stride }, d) =>
        turned.includes(d) && size > 0
          ? { start: start + (size - 1) * stride, dims: [...seen, { size, stride: -stride }] }
          : { start, dims: [...seen, { size, stride }] },
      { start: 0, dims: [] },
    ),
  );
}

/** Repeated to these sizes; -1 leaves a dimension as it is. */
export function expanded(tape: Tape, x: Value, sizes: readonly number[]): Value {
  const lead = sizes.length - x.shape.length;
  const shape = sizes.map((size, d) => (size === -1 ? (x.shape[d - lead] ?? size) : size));
  const fits = lead >= 0 && x.shape.every((size, d) => size === 1 || size === shape[d + lead]);
  if (!fits || shape.some((size) => size < 0)) {
    throw new RequestError(`a tensor of shape [${x.shape}] cannot be repeated to [${sizes}]`);
  }
  return tape.select(x, shape, broadcastSources(x.shape, shape));
}

/** Tensors of one shape but for the size of `dim`, one behind the other. */
export function joined(tape: Tape, parts: readonly Value[], dim: number): Value {
  const [{ shape: first }] = parts;
  const at = dimensionOf(dim, first.length);
  const fits = ({ shape }: Value) =>
    shape.length === first.length && shape.every((size, d) => d === at || size === first[d]);
  if (!parts.every(fits)) {
    throw new RequestError(
      `tensors of the shapes ${parts.map(({ shape }) => `[${shape}]`).join(' and ')} cannot be joined`,
    );
  }
  const size = parts.reduce((sum, { shape }) => sum + shape[at], 0);
  const shape = first.with(at, size);
  requireRoom(sizeOf(shape));
  const inner = sizeOf(first.slice(at + 1));
  const sources: number[] = [];
  for (let outer = 0; outer < sizeOf(first.slice(0, at)); outer++) {
    let before = 0;
    for (const part of parts) {
      const block = part.shape[at] * inner;
      for (let i = 0; i < block; i++) sources.push(before + outer * block + i);
      before += part.tensor.data.length;
    }
  }
  return tape.select(tape.concatenate(parts), shape, Int32Array.from(sources));
}

/** As torch.gather: the index has the dimensions of x, and says for each of its entries which one along `dim`. */
export function gatheredAlong(tape: Tape, x: Value, dim: number, index: Value): Value {
  const at = dimensionOf(dim, x.shape.length);
  if (index.shape.length !== x.shape.length || index.shape.some((size, d) => d !== at && size > x.shape[d])) {
    throw new RequestError(`an index of shape [${index.shape}] does not fit a tensor of shape [${x.shape}]`);
  }
  const strides = stridesOf(x.shape);
  const others = sourcesOf(index.shape, (d) => (d === at ? 0 : strides[d]));
  const sources = others.map((source, i) => source + positionOf(index.tensor.data[i], x.shape[at]) * strides[at]);
  return tape.select(x, index.shape, sources);
}

function masked(tape: Tape, x: Value, mask: Value): Value {
  const rank = mask.shape.length;
  if (mask.shape.some((size, d) => size !== x.shape[d])) {
    throw new RequestError(`a mask of shape [${mask.shape}] does not fit a tensor of shape [${x.shape}]`);
  }
  const rows = [...mask.tensor.data.keys()].filter((i) => mask.tensor.data[i] !== 0);
  return selectedRows(tape, x, rows, { shape: [rows.length], rank });
}

/** Rows of the first dimension, by their positions. */
function taken(tape: Tape, x: Value, positions: Value): Value {
  const size = x.shape[dimensionOf(0, x.shape.length)];
  const rows = Array.from(positions.tensor.data, (position) => positionOf(position, size));
  return selectedRows(tape, x, rows, { shape: positions.shape, rank: 1 });
}

/** `rows` count through the first `rank` dimensions, in whose place `shape` stands. */
function selectedRows(
  tape: Tape,
  x: Value,
  rows: readonly number[],
  { shape, rank }: { shape: readonly number[]; rank: number },
): Value {
  const rest = x.shape.slice(rank);
  const inner = sizeOf(rest);
  requireRoom(rows.length * inner);
  const sources = rows.flatMap((row) => Array.from({ length: inner }, (_, i) => row * inner + i));
  return tape.select(x, [...shape, ...rest], Int32Array.from(sources));
}

const viewOf = ({ shape }: Value): View => {
  const strides = stridesOf(shape);
  return { start: 0, dims: shape.map((size, d) => ({ size, stride: strides[d] })) };
};

function viewed(tape: Tape, x: Value, { start, dims }: View): Value {
  const shape = dims.map(({ size }) => size);
  return tape.select(x, shape, sizeOf(shape) === 0 ? new Int32Array() : sourcesOf(shape, (d) => dims[d].stride, start));
}

/** The parts in reverse order behind the dimensions that they are not about, so that each applies to the last one. */
function withoutEllipsis(parts: readonly Item[], rank: number): { part: Item; dim: number }[] {
  const isEllipsis = (part: Item) =>
    typeof part === 'object' && part !== null && 'type' in part && part.type === 'ellipsis';
  const at = parts.findIndex(isEllipsis);
  const given = parts.filter((part) => part !== null && !isEllipsis(part)).length;
  if (given > rank) throw new RequestError(`a tensor of ${rank} dimensions has no element of ${given} indices`);
  const all: Slice = { type: 'slice', start: null, stop: null, step: null };
  const fill = Array.from({ length: rank - given }, () => all);
  const full = at === -1 ? [...parts, ...fill] : [...parts.slice(0, at), ...fill, ...parts.slice(at + 1)];
  let dim = 0;
  return full.map((part) => ({ part, dim: part === null ? dim : dim++ })).toReversed();
}

/** Applies an index to dimension `dim`; those behind it are done. */
function stepped({ start, dims }: View, { part, dim }: { part: Item; dim: number }): View {
  if (part === null) return { start, dims: dims.toSpliced(dim, 0, { size: 1, stride: 0 }) };
  const { size, stride } = dims[dim];
  if (typeof part === 'number') {
    return { start: start + positionOf(part, size) * stride, dims: dims.toSpliced(dim, 1) };
  }
  if (typeof part !== 'object' || !('type' in part) || part.type !== 'slice') {
    throw new RequestError('an index of a custom loss must be an integer, a slice, None, Ellipsis or a tensor');
  }
  const step = part.step ?? 1;
  if (!(Number.isInteger(step) && step > 0))
    throw new RequestError(`a slice of a tensor has a step from 1, not ${step}`);
  const bound = (at: number) => Math.min(Math.max(at < 0 ? at + size : at, 0), size);
  const from = bound(part.start ?? 0);
  const count = Math.max(0, Math.ceil((bound(part.stop ?? size) - from) / step));
  return { start: start + from * stride, dims: dims.with(dim, { size: count, stride: stride * step }) };
}

function positionOf(position: number, size: number): number {
  const positive = position < 0 ? position + size : position;
  if (Number.isInteger(positive) && positive >= 0 && positive < size) return positive;
  throw new RequestError(`there is no element ${position} among ${size}`);
}
