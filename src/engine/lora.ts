// Linear layers with low-rank adapters (LoRA, arXiv 2106.09685): yₘ = x·Wₘᵀ + s·(x·Aₘᵀ)·Bₘᵀ, for all layers that read one x.

import { apart } from './frozen_linear.ts';
import { type Graph, sized, type Value } from './graph.ts';
import type { Weight } from './integer_products.ts';
import { project, projectBack } from './ops.ts';
import { matmul, matmulPlus } from './products.ts';

export interface AdaptedLayer {
  /** (out, in), which takes no gradient. */
  W: Weight;
  /** (out), or none. */
  bias: Value | null;
  /** (r, in) and (out, r). */
  A: Value;
  B: Value;
}

const stacked = (g: Graph, parts: Value[], axis: number): Value =>
  parts.length === 1 ? parts[0] : g.node('Concat', parts, { attributes: { axis } });

interface Sizes {
  /** Whose rows of s are one number sₘ. */
  scale: Value;
  /** No rank is above it, if there is such a bound. */
  mostRank: number | null;
  /** (1) tells N. */
  rows: Value;
}

/**
 * x (N, in) and s (R) → (N, outₘ) for every layer m. The thin factors stand on top of each other as one matrix of R = Σ r rows, so that
 * x is read once for all of them.
 *
 * With dₘ = s·x·Aₘᵀ and, of gradients gₘ, pₘ = s·gₘ·Bₘ: dBₘ = gₘᵀ·dₘ, dAₘ = pₘᵀ·x, dx = Σ gₘ·Wₘ + pₘ·Aₘ.
 */
export function adaptedLinear(
  g: Graph,
  x: Value,
  layers: readonly AdaptedLayer[],
  { scale: s, mostRank, rows }: Sizes,
): Value[] {
  const times = (a: Value, b: Value) => g.node('Mul', [a, b]);
  const factors = layers.map((layer) => layer.A);
  const A = sized(stacked(g, factors, 0), factors[0].dims); // (R, in)
  const mostStacked = mostRank && mostRank * layers.length;
  // Passes have at least as many tokens as a stack has rows (`pass.ts`).
  const d = apart(g, times(matmul(g, x, A, { trans: 'b', straight: true }), s), layers.length, 1);
  const inputs = [x, ...layers.flatMap((layer) => [layer.A, layer.B])];
  const raised = () =>
    layers.map(({ W, bias, B }, m) =>
      matmulPlus(g, d[m], B, project(g, x, W, bias, rows), { trans: 'b', terms: mostRank, rows }),
    );
  return g.recordAll(raised(), inputs, (...gradients: Value[]) => {
    const read = sized(g.again(x), A.dims);
    const thin = layers.map(({ B }, m) => matmul(g, gradients[m], B, { straight: true }));
    const p = times(stacked(g, thin, 1), s); // (N, R)
    const dA = apart(g, matmul(g, p, read, { trans: 'a', mostRows: mostStacked }), layers.length, 0);
    const dB = gradients.map((gradient, m) => {
      const sizedGradient = sized(gradient, [null, layers[m].B.dims?.[0] ?? null]);
      return matmul(g, sizedGradient, d[m], { trans: 'a', mostColumns: mostRank });
    });
    const dx = () =>
      layers.reduce(
        (sum, { W }, m) => g.node('Add', [sum, projectBack(g, gradients[m], W, rows)]),
        matmul(g, p, A, { terms: mostStacked, rows }),
      );
    return [g.needsGradient(x) ? dx() : null, ...layers.flatMap((_, m) => [dA[m], dB[m]])];
  });
}
