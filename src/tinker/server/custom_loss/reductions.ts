// Functions of many numbers at once, over some dimensions of a tensor, which stay as sizes of 1.

import { UNARY } from './functions.ts';
import type { Tape, Value } from './tape.ts';
import { type Kind, sizeOf } from './tensor.ts';

export type Reduction = (tape: Tape, x: Value, dims: readonly number[]) => Value;

export const sumOver: Reduction = (tape, x, dims) => tape.sum(x, dims);

export const meanOver: Reduction = (tape, x, dims) => {
  const count = countOver(x, dims);
  return tape.entrywise([tape.sum(x, dims)], (sum) => sum / count, [() => 1 / count], 'float');
};

export const maxOver: Reduction = (tape, x, dims) => tape.extreme(x, dims, Math.max);
export const minOver: Reduction = (tape, x, dims) => tape.extreme(x, dims, Math.min);
export const anyOver: Reduction = (tape, x, dims) => maxOver(tape, cast(tape, x, 'bool'), dims);
export const allOver: Reduction = (tape, x, dims) => minOver(tape, cast(tape, x, 'bool'), dims);

export const logSumExpOver: Reduction = (tape, x, dims) => {
  const top = tape.constant(maxOver(tape, x, dims).tensor);
  // Where all are -inf (or one is inf), that is the result.
  const shift = tape.entrywise([top], (value) => (Number.isFinite(value) ? value : 0));
  const sum = tape.sum(
    tape.entrywise([x, shift], (each, by) => Math.exp(each - by), [(each, by) => Math.exp(each - by)], 'float'),
    dims,
  );
  return tape.entrywise([sum, shift], (total, by) => Math.log(total) + by, [(total) => 1 / total], 'float');
};

export function logSoftmax(tape: Tape, x: Value, dim: number): Value {
  return tape.entrywise([x, logSumExpOver(tape, x, [dim])], (each, all) => each - all, [() => 1, () => -1], 'float');
}

/** An estimate from a sample: divided by one less than there are. */
export const variance: Reduction = (tape, x, dims) => {
  const off = tape.entrywise([x, meanOver(tape, x, dims)], (each, mean) => each - mean, [() => 1, () => -1], 'float');
  const squares = tape.sum(applied(tape, 'square', off), dims);
  const count = Math.max(0, countOver(x, dims) - 1);
  return tape.entrywise([squares], (sum) => sum / count, [() => 1 / count], 'float');
};

/** Named functions of one number, as other operations need them. */
export function applied(tape: Tape, name: string, x: Value): Value {
  const known = UNARY.get(name);
  if (known === undefined) throw new Error(`no function ${name}`);
  return tape.entrywise([x], known.f, known.slopes, known.kind);
}

export function cast(tape: Tape, x: Value, kind: Kind): Value {
  if (kind === x.kind) return x;
  if (kind === 'float') return tape.entrywise([x], (each) => each, [() => 1], kind);
  return tape.entrywise([x], kind === 'bool' ? (each) => (each === 0 ? 0 : 1) : Math.trunc, [], kind);
}

function countOver(x: Value, dims: readonly number[]): number {
  return sizeOf(dims.map((d) => x.shape[d]));
}
