// Matrix products whose sums are made in the same order whatever the number of threads.
//
// The runtime (MLAS) makes a sum in chunks, and how long a chunk is depends on how many columns of the product a thread has:
// 1024 terms for up to 16 columns, 512 for up to 32, 256 for up to 64, and 128 for more. It gives threads columns where a product
// has more columns than rows, and rows otherwise; and none but one thread anything where a batch has as many products as there are
// threads. So one order is certain
// - where a sum has at most 128 terms;
// - where each of MAX_THREADS threads has more than 64 columns;
// - where there are at least as many rows as columns. There should be FEWEST_ROWS or more: a thread that has a single row makes its
//   sums in yet another order.
// Any other product is turned, a·b = (bᵀ·aᵀ)ᵀ, which makes columns of its rows. A right operand that lies there as a single column is
// yet another case, which is avoided by transposing it first. Where the threads that there are have many columns each, and the turned
// product has many too, both are summed in the same order, and the product is left as it is, which is faster. On other devices products
// are left as they are.

import type { Graph, Value } from './graph.ts';

const MICROSOFT = { domain: 'com.microsoft' };

/** Up to so many threads the order is the same. Columns are given out by sixteens, and more than 64 of them make one kind of chunk. */
const MAX_THREADS = 8;
const COLUMNS_OF_A_THREAD = 80;
export const SHORT_SUM = 128;
export const MANY_COLUMNS = MAX_THREADS * COLUMNS_OF_A_THREAD;
/** More than so many are summed in pieces of one length. */
const MOST_OF_FEW_COLUMNS = 64;
/** Two for each thread. */
export const FEWEST_ROWS = 2 * MAX_THREADS;

/** Which operands of a product are transposed first. */
type Transposed = '' | 'a' | 'b' | 'ab';

export interface ProductOptions {
  trans?: Transposed;
  /** A factor. */
  alpha?: number;
  /** Terms of a sum, or that there are no more, where that is known. */
  terms?: number | null;
  /** That there are no more rows, or columns, where their number is not known. */
  mostRows?: number | null;
  mostColumns?: number | null;
  /** Columns, where the operands do not tell. */
  columns?: number | null;
  /** (1) the number of rows, where many products have as many: what depends on it is computed once. */
  rows?: Value | null;
  /** That it need not be turned: there are at least as many rows as columns, and FEWEST_ROWS, or always a single row. */
  straight?: boolean;
}

type Way = 'straight' | 'turned' | 'either';

/** Rows, terms and columns of a product of matrices, where they are known. */
function sizesOf(a: Value, b: Value, trans: Transposed) {
  const [turnA, turnB] = [trans.includes('a'), trans.includes('b')];
  const of = ({ dims }: Value, axis: number) => dims?.[axis] ?? null;
  return {
    rows: of(a, turnA ? 1 : 0),
    terms: of(a, turnA ? 0 : 1) ?? of(b, turnB ? 1 : 0),
    columns: of(b, turnB ? 0 : 1),
  };
}

function wayOf(
  g: Graph,
  { rows, terms, columns }: ReturnType<typeof sizesOf>,
  { straight = false, mostRows = null, mostColumns = null }: ProductOptions,
): Way {
  if (g.device !== 'cpu' || straight) return 'straight';
  if ((terms !== null && terms <= SHORT_SUM) || (columns !== null && columns > MANY_COLUMNS)) return 'straight';
  if (rows !== null && rows > MANY_COLUMNS) return 'straight'; // whichever there are more of
  if (rows !== null && mostColumns !== null && rows >= Math.max(mostColumns, FEWEST_ROWS)) return 'straight';
  if (columns !== null && mostRows !== null && mostRows < columns) return 'turned';
  if (rows === null || columns === null) return 'either';
  return rows >= columns ? 'straight' : 'turned';
}

/**
 * a·b for matrices. No gradient. Gemm would do, but it tells the runtime the rank of its result, and whenever it knows one the
 * runtime looks for a buffer to use again among all that it knows: most of the time that it takes to open a graph.
 */
export function matmul(g: Graph, a: Value, b: Value, options: ProductOptions = {}): Value {
  const { trans = '', terms = null, rows = null } = options;
  const known = sizesOf(a, b, trans);
  const sizes = { ...known, terms: known.terms ?? terms };
  if (g.device === 'webgpu') return gemm(g, [a, b], trans);
  const maybeOne = (size: number | null) => g.device === 'cpu' && (size === null || size === 1);
  const single = { a: maybeOne(sizes.rows), b: maybeOne(sizes.columns) };
  return productBy(g, [a, b], {
    trans,
    alpha: 1,
    way: wayOf(g, sizes, options),
    rows,
    swap: [1, 0],
    single,
    columns: sizes.columns,
  });
}

/** a·b + c for matrices; c may be a row, or nothing. No gradient. */
export function matmulPlus(g: Graph, a: Value, b: Value, c: Value | null, options: ProductOptions): Value {
  const { trans = '', terms = null } = options;
  const sizes = sizesOf(a, b, trans);
  const way = wayOf(g, { ...sizes, terms: sizes.terms ?? terms }, options);
  if (c !== null && way === 'straight') return gemm(g, [a, b, c], trans);
  const product = matmul(g, a, b, { ...options, straight: way === 'straight' });
  return c === null ? product : g.node('Add', [product, c]);
}

function gemm(g: Graph, inputs: Value[], trans: Transposed): Value {
  const attributes = { transA: Number(trans.includes('a')), transB: Number(trans.includes('b')) };
  return g.node('Reshape', [g.node('Gemm', inputs, { attributes }), g.shape([0, 0])]);
}

/** α·a·b over the last two of four axes, batched over the others. No gradient. */
export function fusedMatmul(g: Graph, a: Value, b: Value, options: ProductOptions = {}): Value {
  const { trans = '', alpha = 1, terms = null, rows = null, columns = null } = options;
  if (g.device === 'webgpu') {
    // It has no FusedMatMul, which the CPU would compute instead.
    const turned = (x: Value) => g.node('Transpose', [x], { attributes: { perm: [0, 1, 3, 2] } });
    const operand = (x: Value, name: 'a' | 'b') => (trans.includes(name) ? turned(x) : x);
    const product = g.node('MatMul', [operand(a, 'a'), operand(b, 'b')]);
    return alpha === 1 ? product : g.node('Mul', [product, g.scalar(alpha)]);
  }
  const way = wayOf(g, { rows: null, terms, columns }, options);
  return productBy(g, [a, b], { trans, alpha, way, rows, columns, swap: [0, 1, 3, 2] });
}

interface Made {
  trans: Transposed;
  alpha: number;
  way: Way;
  /** As of the options. */
  rows: Value | null;
  /** The permutation that exchanges the last two axes. */
  swap: readonly number[];
  /** Whether a may have a single row, and b a single column. */
  single?: { a: boolean; b: boolean };
  columns?: number | null;
}

function productBy(g: Graph, [a, b]: [Value, Value], made: Made): Value {
  const { trans, alpha, way, rows, swap, single, columns = null } = made;
  const [turnA, turnB] = [trans.includes('a'), trans.includes('b')];
  const transposed = (x: Value) => g.node('Transpose', [x], { attributes: { perm: swap } });
  const straight = () => {
    const column = single?.b === true && !turnB;
    return fused(g, a, column ? transposed(b) : b, { transA: turnA, transB: turnB || column, alpha });
  };
  const turned = () => {
    const column = single?.a === true && turnA;
    return transposed(fused(g, b, column ? transposed(a) : a, { transA: !turnB, transB: !turnA || column, alpha }));
  };
  if (way !== 'either') return way === 'straight' ? straight() : turned();
  const axis = (x: Value, last: boolean) =>
    g.node('Shape', [x], { attributes: last ? { start: -1 } : { start: -2, end: -1 } });
  const areMany = columns !== null && columns > g.threads * COLUMNS_OF_A_THREAD;
  const areEnough = () => {
    const asMany = areMany ? MOST_OF_FEW_COLUMNS + 1 : columns;
    const least = asMany === null ? axis(b, !turnB) : g.ints([asMany]);
    // Fewer rows than FEWEST_ROWS could leave a thread with one of them; turned, they are columns too few to be given out.
    const enough = swap.length === 2 ? g.node('Max', [least, g.ints([FEWEST_ROWS])]) : least;
    return g.node('GreaterOrEqual', [rows ?? axis(a, turnA), enough]);
  };
  const condition =
    rows === null || columns === null ? areEnough() : g.once(`${rows.name} ≥ ${columns} ${swap}`, areEnough);
  return g.choose(condition, straight, turned);
}

/** The runtime's own product, as it stands. */
export function fused(
  g: Graph,
  a: Value,
  b: Value,
  { transA = false, transB = false, alpha = 1 }: { transA?: boolean; transB?: boolean; alpha?: number },
): Value {
  const attributes = { transA: Number(transA), transB: Number(transB), alpha: { float: alpha } };
  return g.node('FusedMatMul', [a, b], { ...MICROSOFT, attributes });
}
