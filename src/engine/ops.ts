// Differentiable operators: each emits its forward nodes and says how its gradient is made. Shapes stand in comments.

import { type Graph, sized, type Value } from './graph.ts';
import { integerProduct, integerProductBack, isInteger, outliersOf, type Weight } from './integer_products.ts';
import { fusedMatmul, matmul, matmulPlus, type ProductOptions } from './products.ts';

const MICROSOFT = { domain: 'com.microsoft' };

export function add(g: Graph, a: Value, b: Value): Value {
  return g.record(g.node('Add', [a, b]), [a, b], (d) => [d, d]);
}

/** Element-wise product of equal shapes. */
export function mul(g: Graph, a: Value, b: Value): Value {
  return g.record(g.node('Mul', [a, b]), [a, b], (d) => [
    g.needsGradient(a) ? g.node('Mul', [d, b]) : null,
    g.needsGradient(b) ? g.node('Mul', [d, a]) : null,
  ]);
}

/** Product with a scalar tensor that takes no gradient. */
export function scale(g: Graph, a: Value, factor: Value): Value {
  return g.record(g.node('Mul', [a, factor]), [a], (d) => [g.node('Mul', [d, factor])]);
}

/** x·Wᵀ + b. x (N, in), W (out, in) as Hugging Face stores a linear layer, b (out) or none → (N, out). `rows` (1) tells N, where many share it. */
export function linear(g: Graph, x: Value, W: Weight, b: Value | null = null, rows: Value | null = null): Value {
  if (isInteger(W)) return g.record(project(g, x, W, b, rows), [x], (d) => [projectBack(g, d, W, rows)]);
  const y = matmulPlus(g, x, W, b, { trans: 'b', rows });
  return g.record(y, b === null ? [x, W] : [x, W, b], (d) => {
    const dW = g.needsGradient(W) ? weightGradient(g, d, g.again(x), W) : null;
    return [
      g.needsGradient(x) ? matmul(g, d, W, { rows }) : null,
      dW,
      b !== null && g.needsGradient(b) ? g.node('ReduceSum', [d, g.ints([0])], { attributes: { keepdims: 0 } }) : null,
    ];
  });
}

/** x·Wᵀ + b, of which no gradient is recorded. */
export function project(g: Graph, x: Value, W: Weight, b: Value | null, rows: Value | null = null): Value {
  if (!isInteger(W)) return matmulPlus(g, x, W, b, { trans: 'b', rows });
  const product = integerProduct(g, x, W);
  const outliers = outliersOf(g, x, W);
  // A short sum is made in one order as it stands. (Gemm would tell the runtime a rank: see `matmul`.)
  const whole =
    outliers === null
      ? product
      : g.node('Add', [product, matmul(g, outliers.x, outliers.W, { trans: 'b', straight: true })]);
  return b === null ? whole : g.node('Add', [whole, b]);
}

/** d·W, which the gradient d (N, out) of x·Wᵀ is of x. */
export function projectBack(g: Graph, d: Value, W: Weight, rows: Value | null = null): Value {
  return isInteger(W) ? integerProductBack(g, d, W) : matmul(g, d, W, { rows });
}

/** dᵀ·x, of the shape of W. The runtime is not told that x and d have W's sizes. */
function weightGradient(g: Graph, d: Value, x: Value, { dims }: Value): Value {
  const [out, width] = [dims?.[0] ?? null, dims?.[1] ?? null];
  return matmul(g, sized(d, [null, out]), sized(x, [null, width]), { trans: 'a' });
}

/**
 * silu(x)·u with silu(x) = x·σ(x) (SwiGLU, arXiv 2002.05202). x, u (N, F). Only x and u are kept: the rest is computed again.
 * du = d·σ·x, dx = u·(d·σ + du·(1 − σ)).
 */
export function swiglu(g: Graph, x: Value, u: Value): Value {
  const times = (a: Value, b: Value) => g.node('Mul', [a, b]);
  // QuickGelu is x·σ(αx). In one operator, nothing of the forward pass is what the backward pass computes: nothing is kept.
  const activated = g.node('QuickGelu', [x], { ...MICROSOFT, attributes: { alpha: { float: 1 } } });
  const again = onceOnly(() => {
    const sigma = g.node('Sigmoid', [x]);
    return { sigma, silu: times(x, sigma) };
  });
  const y = g.record(times(activated, u), [x, u], (d) => {
    const { sigma, silu } = again();
    const du = times(d, silu);
    const slope = () => g.node('Add', [times(d, sigma), times(du, g.node('Sub', [g.scalar(1), sigma]))]);
    return [g.needsGradient(x) ? times(u, slope()) : null, g.needsGradient(u) ? du : null];
  });
  return g.remakeable(y, () => times(again().silu, u));
}

function onceOnly<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/**
 * w·x/√(mean(x²) + ε) over the last axis (RMSNorm, arXiv 1910.07467). x (…, D), w (D).
 * With r = 1/√(mean(x²) + ε): dx = r·(d·w − x·r²·mean(d·w·x)).
 */
export function rmsNorm(g: Graph, x: Value, w: Value, epsilon: number): Value {
  const attributes = { axis: -1, epsilon: { float: epsilon }, stash_type: 1 };
  const [y, inverse] = g.nodes('SimplifiedLayerNormalization', [x, w], 2, { attributes });
  const times = (a: Value, b: Value) => g.node('Mul', [a, b]);
  const mean = (v: Value) => g.node('ReduceMean', [v], { attributes: { axes: [-1], keepdims: 1 } });
  g.record(y, [x, w], (d) => {
    // WebGPU does not write the second output.
    const again = () => g.node('Reciprocal', [g.node('Sqrt', [g.node('Add', [mean(times(x, x)), g.scalar(epsilon)])])]);
    const r = g.device === 'webgpu' ? again() : inverse;
    const dw = times(d, w);
    const shrink = times(mean(times(dw, x)), times(r, r));
    return [
      g.needsGradient(x) ? times(g.node('Sub', [dw, times(x, shrink)]), r) : null,
      g.needsGradient(w) ? sumOfRows(g, times(d, times(x, r)), w) : null,
    ];
  });
  return g.remakeable(y, () => g.node('SimplifiedLayerNormalization', [x, w], { attributes }));
}

/** Sum of x (…, D) over all axes but the last; `like` (D) gives the size. */
function sumOfRows(g: Graph, x: Value, like: Value): Value {
  const shape = g.node('Concat', [g.ints([-1]), g.node('Shape', [like])], { attributes: { axis: 0 } });
  return g.node('ReduceSum', [g.node('Reshape', [x, shape]), g.ints([0])], { attributes: { keepdims: 0 } });
}

export function softmax(g: Graph, x: Value): Value {
  const y = g.node('Softmax', [x], { attributes: { axis: -1 } });
  return g.record(y, [x], (d) => {
    const dy = g.node('Mul', [d, y]);
    const sum = g.node('ReduceSum', [dy, g.ints([-1])], { attributes: { keepdims: 1 } });
    return [g.node('Sub', [dy, g.node('Mul', [y, sum])])];
  });
}

/** α·a·b or α·a·bᵀ over the last two axes, batched over the others. */
export function batchedMatmul(
  g: Graph,
  a: Value,
  b: Value,
  { transB = false, alpha = 1, terms = null }: Pick<ProductOptions, 'alpha' | 'terms'> & { transB?: boolean } = {},
): Value {
  const product = (l: Value, r: Value, trans: ProductOptions['trans'], terms: number | null = null) =>
    fusedMatmul(g, l, r, { trans, alpha, terms });
  return g.record(product(a, b, transB ? 'b' : '', terms), [a, b], (d) => [
    g.needsGradient(a) ? product(d, b, transB ? '' : 'b') : null,
    g.needsGradient(b) ? (transB ? product(d, a, 'a') : product(a, d, 'a')) : null,
  ]);
}

export function transpose(g: Graph, x: Value, perm: readonly number[]): Value {
  const inverse = perm.map((_, axis) => perm.indexOf(axis));
  return g.record(g.node('Transpose', [x], { attributes: { perm } }), [x], (d) => [
    g.node('Transpose', [d], { attributes: { perm: inverse } }),
  ]);
}

/** 0 keeps the size of that axis, -1 takes what is left. */
export function reshape(g: Graph, x: Value, shape: readonly number[]): Value {
  const y = g.node('Reshape', [x, g.ints(shape)]);
  if (!g.needsGradient(x)) return y;
  const original = g.node('Shape', [x]);
  return g.record(y, [x], (d) => [g.node('Reshape', [d, original])]);
}

export interface RotaryTables {
  /** (N, 1) position of every row in its sequence. */
  positions: Value;
  /** (P, head/2) cosines and sines by position. */
  cos: Value;
  sin: Value;
  negativeSin: Value;
}

/** Rotary position embedding (arXiv 2104.09864), halves rotated as in Llama. x (N, H·head). Backward turns the other way. */
export function rotary(g: Graph, x: Value, { positions, cos, sin, negativeSin }: RotaryTables): Value {
  const turn = (v: Value, sine: Value) => {
    const batch = g.node('Unsqueeze', [v, g.ints([1])]); // (N, 1, H·head)
    const rotated = g.node('RotaryEmbedding', [batch, positions, cos, sine], MICROSOFT);
    return g.node('Squeeze', [rotated, g.ints([1])]);
  };
  return g.record(turn(x, sin), [x], (d) => [turn(d, negativeSin)]);
}

/** Rows of a matrix: E (V, D), indices (…) → (…, D). */
export function gatherRows(g: Graph, E: Value, indices: Value): Value {
  return g.record(g.node('Gather', [E, indices]), [E], (d) => {
    const zeros = g.node('ConstantOfShape', [g.node('Shape', [E])]);
    return [scatterAddRows(g, zeros, indices, d)];
  });
}

/** E with rows (N, D) added at indices (N), in their order, so that the sum is the same at every run. */
export function scatterAddRows(g: Graph, E: Value, indices: Value, rows: Value): Value {
  const column = g.node('Unsqueeze', [indices, g.ints([1])]);
  const everywhere = g.node('Expand', [column, g.node('Shape', [rows])]); // (N, D)
  return g.node('ScatterElements', [E, everywhere, rows], { attributes: { axis: 0, reduction: 'add' } });
}
