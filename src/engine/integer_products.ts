// Products with frozen matrices in integers: a row of activations becomes uint8 around 128 with a scale of its own, a matrix is int8
// with a scale a column. Sums of integers are exact, so that a row's result is the same bits whatever is beside it, and however many
// threads there are.

import type { Graph, Value } from './graph.ts';

const MICROSOFT = { domain: 'com.microsoft' };

/** Rows are in ±127 around it. */
const ZERO = 128;
const MOST = 127;
/** What is never negative takes the whole byte. */
const MOST_UNSIGNED = 255;
/** Below any activation; a row of zeros needs a scale, too. */
const LEAST = 1e-30;
/** Longer sums might not fit into 32 bits. */
export const MOST_TERMS = Math.floor((2 ** 31 - 1) / (MOST_UNSIGNED * MOST));

/** (K, N). */
interface IntegerMatrix {
  /** int8 in ±127, or uint8 around `zero`. */
  values: Value;
  zero: number;
  /** (N), of columns. */
  scales: Value;
}

/** What matrices read: what its features (in) are multiplied by before they are quantised, and those (k) that are left out, if there are any. */
export interface IntegerInput {
  smoothing: Value;
  outliers: Value | null;
}

/**
 * A matrix W (out, in) as either direction reads it: Wᵀ for the smoothed x, its columns of outliers (out, k) as floats, and W for the
 * gradient d·W, in pieces of up to MOST_TERMS rows, and whole for who looks up rows: the same bytes of one file.
 */
export interface IntegerWeight {
  input: IntegerInput;
  /** What stands for 0: 0 in int8, or 128 in uint8. */
  zero: number;
  forward: Omit<IntegerMatrix, 'zero'>;
  outliers: Value | null;
  backward: { pieces: readonly Value[]; whole: Value; scales: Value };
}

/** A weight that is floats, or one that is integers and takes no gradient. */
export type Weight = Value | IntegerWeight;

export const isInteger = (W: Weight): W is IntegerWeight => 'forward' in W;

/** uint8 (N, K), what of them stands for 0, and the scale of every row. */
interface IntegerRows {
  values: Value;
  zero: number;
  /** (N). */
  zeros: Value;
  vector: Value;
  /** (N, 1). */
  scales: Value;
}

/** What several products read is made once; of one x for every input that it is read as. */
const smoothed = new WeakMap<Value, WeakMap<IntegerInput, Value>>();
const quantisedRows = new WeakMap<Value, IntegerRows>();
const gathered = new WeakMap<Value, WeakMap<IntegerInput, Value>>();

function once<K extends object, T>(known: WeakMap<K, T>, key: K, make: () => T): T {
  const made = known.get(key) ?? make();
  known.set(key, made);
  return made;
}

function ofBoth(
  known: WeakMap<Value, WeakMap<IntegerInput, Value>>,
  x: Value,
  input: IntegerInput,
  make: () => Value,
): Value {
  return once(
    once(known, x, () => new WeakMap<IntegerInput, Value>()),
    input,
    make,
  );
}

/** x·Wᵀ for x (N, in) → (N, out), without the outliers. No gradient. */
export function integerProduct(g: Graph, x: Value, { input, forward, zero }: IntegerWeight): Value {
  const smooth = ofBoth(smoothed, x, input, () => g.node('Mul', [x, input.smoothing]));
  return product(g, quantised(g, smooth), { ...forward, zero });
}

/** What the outliers add to it is x·Wᵀ for these x (N, k) and W (out, k); null where there are none. */
export function outliersOf(g: Graph, x: Value, { input, outliers: W }: IntegerWeight): { x: Value; W: Value } | null {
  const { outliers } = input;
  if (outliers === null || W === null) return null;
  return { x: ofBoth(gathered, x, input, () => g.node('Gather', [x, outliers], { attributes: { axis: 1 } })), W };
}

/** d·W for d (N, out) → (N, in). No gradient. */
export function integerProductBack(g: Graph, d: Value, W: IntegerWeight): Value {
  return inPieces(g, quantised(g, d), W);
}

/**
 * p·W for probabilities p (N, out) → (N, in). Most of a row may be far below its largest: what is left of it after one byte is
 * quantised once more.
 */
export function probabilityProduct(g: Graph, p: Value, W: IntegerWeight): Value {
  const coarse = rowsBy(g, p, { largest: g.node('ReduceMax', [p], OVER_COLUMNS), most: MOST_UNSIGNED, zero: 0 });
  const told = g.node('DequantizeLinear', [coarse.values, coarse.vector, coarse.zeros], { attributes: { axis: 0 } });
  const rest = quantised(g, g.node('Sub', [p, told]));
  return g.node('Add', [inPieces(g, coarse, W), inPieces(g, rest, W)]);
}

/** Rows of W by their indices (…) → (…, in). */
export function integerRowsOf(g: Graph, { zero, backward: { whole, scales } }: IntegerWeight, indices: Value): Value {
  const rows = g.node('Cast', [g.node('Gather', [whole, indices])], { attributes: { to: FLOAT } });
  return g.node('Mul', [zero === 0 ? rows : g.node('Sub', [rows, g.scalar(zero)]), scales]);
}

const FLOAT = 1;
const OVER_COLUMNS = { attributes: { axes: [1], keepdims: 0 } };

function product(g: Graph, rows: IntegerRows, { values, zero, scales }: IntegerMatrix): Value {
  const zeros = [g.byte(rows.zero), ...(zero === 0 ? [] : [g.byte(zero)])];
  const inputs = [rows.values, values, g.scalar(1), scales, ...zeros];
  return g.node('Mul', [g.node('MatMulIntegerToFloat', inputs, MICROSOFT), rows.scales]);
}

function inPieces(g: Graph, rows: IntegerRows, { zero, backward: { pieces, scales } }: IntegerWeight): Value {
  if (pieces.length === 1) return product(g, rows, { values: pieces[0], zero, scales });
  const sizes = pieces.map(({ dims }) => dims?.[0] ?? 0);
  const starts = sizes.map((_, i) => sizes.slice(0, i).reduce((sum, size) => sum + size, 0));
  const parts = pieces.map((piece, i) => {
    const bounds = [g.ints([starts[i]]), g.ints([starts[i] + sizes[i]]), g.ints([1])];
    return product(g, { ...rows, values: g.node('Slice', [rows.values, ...bounds]) }, { values: piece, zero, scales });
  });
  return parts.reduce((sum, part) => g.node('Add', [sum, part]));
}

function quantised(g: Graph, x: Value): IntegerRows {
  return once(quantisedRows, x, () => {
    const largest = g.node('ReduceMax', [g.node('Abs', [x])], OVER_COLUMNS);
    return rowsBy(g, x, { largest, most: MOST, zero: ZERO });
  });
}

interface Range {
  /** (N) the largest magnitude in every row, and what it becomes. */
  largest: Value;
  most: number;
  zero: number;
}

function rowsBy(g: Graph, x: Value, { largest, most, zero }: Range): IntegerRows {
  // A maximum may pass over NaN, and a byte is always a number. A scale of NaN makes NaN of the whole row, as a sum of floats would be.
  const sum = g.node('ReduceSum', [x, g.ints([1])], { attributes: { keepdims: 0 } });
  const nothing = g.node('Mul', [sum, g.scalar(0)]);
  const scales = g.node('Mul', [g.node('Max', [largest, nothing, g.scalar(LEAST)]), g.scalar(1 / most)]); // (N)
  // Of a known rank, as Expand by a Shape would be, each of them would take the runtime long when the graph is opened.
  const zeros = g.node('Where', [g.node('Greater', [scales, g.scalar(0)]), g.byte(zero), g.byte(zero)]);
  const values = g.node('QuantizeLinear', [x, scales, zeros], { attributes: { axis: 0 } });
  return { values, zeros, zero, scales: g.node('Unsqueeze', [scales, g.ints([1])]), vector: scales };
}
