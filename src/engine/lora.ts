// Linear layers with low-rank adapters (LoRA, arXiv 2106.09685): yₘ = x·Wₘᵀ + s·(x·Aₘᵀ)·Bₘᵀ, for all layers that read one x.

import type { Graph, Value } from './graph.ts';
import { matmul, matmulPlus, type Projection, projection } from './ops.ts';

export interface AdaptedLayer {
  /** (out, in), which takes no gradient. */
  W: Value;
  /** (out), or none. */
  bias: Value | null;
  /** (r, in) and (out, r). */
  A: Value;
  B: Value;
}

const stacked = (g: Graph, parts: Value[], axis: number): Value =>
  parts.length === 1 ? parts[0] : g.node('Concat', parts, { attributes: { axis } });

/**
 * x (N, in) and s → (N, outₘ) for every layer m. The thin factors stand on top of each other as one matrix of R = Σ r rows,
 * so that x is read once for all of them.
 *
 * With dₘ = s·x·Aₘᵀ and, of gradients gₘ, pₘ = s·gₘ·Bₘ: dBₘ = gₘᵀ·dₘ, dAₘ = pₘᵀ·x, dx = Σ gₘ·Wₘ + pₘ·Aₘ.
 */
export function adaptedLinear(g: Graph, x: Value, layers: readonly AdaptedLayer[], s: Value): Value[] {
  const times = (a: Value, b: Value) => g.node('Mul', [a, b]);
  const A = stacked(
    g,
    layers.map((layer) => layer.A),
    0,
  ); // (R, in)
  const d = apart(g, times(matmul(g, x, A, 'b'), s), layers.length, 1);
  const inputs = [x, ...layers.flatMap((layer) => [layer.A, layer.B])];
  return g.recordAll(raised(g, x, d, layers, projection), inputs, (...gradients: Value[]) => {
    const thin = layers.map(({ B }, m) => matmul(g, gradients[m], B));
    const p = times(stacked(g, thin, 1), s); // (N, R)
    const dA = apart(g, matmul(g, p, x, 'a'), layers.length, 0);
    const dB = gradients.map((gradient, m) => matmul(g, gradient, d[m], 'a'));
    const dx = () =>
      layers.reduce((sum, { W }, m) => g.node('Add', [sum, matmul(g, gradients[m], W)]), matmul(g, p, A));
    return [g.needsGradient(x) ? dx() : null, ...layers.flatMap((_, m) => [dA[m], dB[m]])];
  });
}

/** The same without gradients, where the factors A (R, in) come stacked and times s. */
export function frozenAdaptedLinear(
  g: Graph,
  x: Value,
  layers: readonly Omit<AdaptedLayer, 'A'>[],
  { A, project }: { A: Value; project: Projection },
): Value[] {
  return raised(g, x, apart(g, matmul(g, x, A, 'b'), layers.length, 1), layers, project);
}

/** x·Wₘᵀ + bias + dₘ·Bₘᵀ; the second product is added onto the first. */
function raised(
  g: Graph,
  x: Value,
  d: Value[],
  layers: readonly Omit<AdaptedLayer, 'A'>[],
  project: Projection,
): Value[] {
  return layers.map(({ W, bias, B }, m) => matmulPlus(g, d[m], B, 'b', project(g, x, W, bias)));
}

/** Equal parts of a stack. */
function apart(g: Graph, whole: Value, parts: number, axis: number): Value[] {
  return parts === 1 ? [whole] : g.nodes('Split', [whole], parts, { attributes: { axis } });
}
