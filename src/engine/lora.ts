// Linear layers with low-rank adapters (LoRA, arXiv 2106.09685): yₘ = x·Wₘᵀ + s·(x·Aₘᵀ)·Bₘᵀ, for all layers that read one x.

import type { Graph, Value } from './graph.ts';
import { matmul } from './ops.ts';

export interface AdaptedLayer {
  /** (out, in), which takes no gradient. */
  W: Value;
  /** (out), or none. */
  bias: Value | null;
  /** (r, in) and (out, r). */
  A: Value;
  B: Value;
}

/**
 * x (N, in) and s → (N, outₘ) for every layer m. The thin factors stand on top of each other as one matrix of R = Σ r rows,
 * so that x is read once for all of them.
 *
 * With dₘ = s·x·Aₘᵀ and, of gradients gₘ, pₘ = s·gₘ·Bₘ: dBₘ = gₘᵀ·dₘ, dAₘ = pₘᵀ·x, dx = Σ gₘ·Wₘ + pₘ·Aₘ.
 */
export function adaptedLinear(g: Graph, x: Value, layers: readonly AdaptedLayer[], s: Value): Value[] {
  const stacked = (parts: Value[], axis: number) =>
    parts.length === 1 ? parts[0] : g.node('Concat', parts, { attributes: { axis } });
  const apart = (whole: Value, axis: number) =>
    layers.length === 1 ? [whole] : g.nodes('Split', [whole], layers.length, { attributes: { axis } });
  const times = (a: Value, b: Value) => g.node('Mul', [a, b]);

  const A = stacked(
    layers.map((layer) => layer.A),
    0,
  ); // (R, in)
  const d = apart(times(matmul(g, x, A, 'b'), s), 1); // (N, r) each
  const y = layers.map(({ W, bias, B }, m) => {
    const base = g.node('Gemm', bias === null ? [x, W] : [x, W, bias], { attributes: { transB: 1 } });
    return g.node('Gemm', [d[m], B, base], { attributes: { transB: 1 } });
  });
  const inputs = [x, ...layers.flatMap((layer) => [layer.A, layer.B])];
  return g.recordAll(y, inputs, (...gradients: Value[]) => {
    const thin = layers.map(({ B }, m) => matmul(g, gradients[m], B));
    const p = times(stacked(thin, 1), s); // (N, R)
    const dA = apart(matmul(g, p, x, 'a'), 0);
    const dB = gradients.map((gradient, m) => matmul(g, gradient, d[m], 'a'));
    const dx = () =>
      layers.reduce((sum, { W }, m) => g.node('Add', [sum, matmul(g, gradients[m], W)]), matmul(g, p, A));
    return [g.needsGradient(x) ? dx() : null, ...layers.flatMap((_, m) => [dA[m], dB[m]])];
  });
}
