// Matrices in int8: every column is a scale times whole numbers in ±127; and how the features that meet them are evened out first.

const MOST = 127;
/** What stands for 0 where a matrix is kept as uint8. */
export const UNSIGNED_ZERO = 128;
/** Below any weight; a column of zeros needs a scale, too. */
const LEAST = 1e-30;

export interface Int8Matrix {
  /** (rows, columns), row-major. */
  values: Int8Array;
  /** (columns). */
  scales: Float32Array;
}

/** What makes the largest magnitude of each column of W (out, in) 127. */
export function scalesOfColumns(W: Float32Array, out: number, width: number): Float32Array {
  return largestOfColumns(W, out, width).map((largest) => Math.max(Math.fround(LEAST), largest) / MOST);
}

/** W (out, in) with the largest magnitude of each column at ±127. */
export function quantisedColumns(
  W: Float32Array,
  out: number,
  width: number,
  scales: Float32Array = scalesOfColumns(W, out, width),
): Int8Matrix {
  const values = new Int8Array(W.length);
  for (let o = 0, w = 0; o < out; o++) for (let i = 0; i < width; i++, w++) values[w] = Math.round(W[w] / scales[i]);
  return { values, scales };
}

/** The same for rows of W·diag(factors). */
export function scalesOfRows(W: Float32Array, out: number, width: number, factors: Float32Array): Float32Array {
  const scales = new Float32Array(out);
  for (let o = 0, w = 0; o < out; o++) {
    let most = LEAST;
    for (let i = 0; i < width; i++, w++) most = Math.max(most, Math.abs(Math.fround(W[w] * factors[i])));
    scales[o] = most / MOST;
  }
  return scales;
}

/** (W·diag(factors))ᵀ likewise: (in, out), of which a column is an output. */
export function quantisedTransposed(
  W: Float32Array,
  out: number,
  width: number,
  factors: Float32Array,
  scales: Float32Array = scalesOfRows(W, out, width, factors),
): Int8Matrix {
  const values = new Int8Array(W.length);
  for (let o = 0, w = 0; o < out; o++)
    for (let i = 0; i < width; i++, w++) values[i * out + o] = Math.round(Math.fround(W[w] * factors[i]) / scales[o]);
  return { values, scales };
}

/** The largest magnitude in every column of W (out, in). */
export function largestOfColumns(W: Float32Array, out: number, width: number): Float32Array {
  const largest = new Float32Array(width);
  for (let o = 0, w = 0; o < out; o++)
    for (let i = 0; i < width; i++, w++) largest[i] = Math.max(largest[i], Math.abs(W[w]));
  return largest;
}

export interface Smoothing {
  /** (in) what features are divided by, and columns of weights multiplied. Of outliers: 0, for the latter. */
  factors: Float32Array;
  /** Features, ascending, that are still far larger than others: they are left out, and stay float32. */
  outliers: number[];
}

/** Larger than the median by this. */
const FAR = 3;
/** The largest: their products are float32 sums, short enough to be made in one order (`engine/products.ts`). */
export const MOST_OUTLIERS = 128;
/** A feature that was hardly seen to move may move some day: it counts as at least this part of the median. */
const STILL = 1 / 16;

/**
 * Half of what features differ in, as far as magnitudes are concerned, goes over to the weights (SmoothQuant with α = 0.5, arXiv
 * 2211.10438); features that stay outliers are computed by themselves (as in LLM.int8(), arXiv 2208.07339). `activations` and
 * `weights` (in): the largest magnitude of every feature, and of its column over all matrices that read it.
 */
export function smoothingOf(activations: Float32Array, weights: Float32Array): Smoothing {
  if (activations.every((largest) => largest === 0)) {
    return { factors: new Float32Array(activations.length).fill(1), outliers: [] };
  }
  // Where most features were never seen to move, these say nothing of how large the others are.
  const allCount = median(activations) > 0;
  const typical = (values: Float32Array) => median(allCount ? values : values.filter((_, i) => activations[i] > 0));
  const still = STILL * typical(activations);
  const seen = activations.map((largest) => Math.max(largest, still, LEAST));
  const factors = seen.map((largest, i) => Math.sqrt(largest / Math.max(weights[i], LEAST)));
  const smooth = seen.map((largest, i) => largest / factors[i]);
  const bound = FAR * typical(smooth);
  const outliers = [...smooth.keys()]
    .filter((i) => smooth[i] > bound)
    .sort((a, b) => smooth[b] - smooth[a])
    .slice(0, MOST_OUTLIERS)
    .sort((a, b) => a - b);
  for (const i of outliers) factors[i] = 0;
  return { factors, outliers };
}

const median = (values: Float32Array): number => values.toSorted()[values.length >> 1];
