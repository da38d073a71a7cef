// Log-probs of target tokens: the one place where hidden states meet the vocabulary.

import type { Graph, Value } from './graph.ts';
import { scatterAddRows } from './ops.ts';

/**
 * log softmax(h·Eᵀ)[target]. h (M, D), E (V, D), targets (M, K) → (M, K).
 * Given slopes c (M, K): dh = Σₖ cₖ·E[targetₖ] − (Σₖ cₖ)·p·E with p = softmax, so no gradient of the logits is ever made.
 */
export function targetLogprobs(g: Graph, h: Value, E: Value, targets: Value): Value {
  const logits = g.node('Gemm', [h, E], { attributes: { transB: 1 } }); // (M, V)
  const logProbabilities = g.node('LogSoftmax', [logits], { attributes: { axis: -1 } });
  const picked = g.node('GatherElements', [logProbabilities, targets], { attributes: { axis: 1 } });
  return g.record(picked, [h, E], (c) => {
    const sum = (v: Value, axis: number, keepdims: number) =>
      g.node('ReduceSum', [v, g.ints([axis])], { attributes: { keepdims } });
    const p = g.node('Exp', [logProbabilities]);
    const total = sum(c, 1, 1); // (M, 1)
    const weighted = (v: Value) => g.node('Mul', [v, g.node('Unsqueeze', [c, g.ints([2])])]); // (M, K, ·)
    const pulled = g.node('Mul', [total, g.node('Gemm', [p, E])]);
    const dh = g.node('Sub', [sum(weighted(g.node('Gather', [E, targets])), 1, 0), pulled]);
    if (!g.needsGradient(E)) return [dh, null];
    const pushed = g.node('Gemm', [p, g.node('Neg', [g.node('Mul', [total, h])])], { attributes: { transA: 1 } }); // (V, D)
    const rows = g.node('Reshape', [
      weighted(g.node('Unsqueeze', [h, g.ints([1])])),
      g.node('Concat', [g.ints([-1]), g.node('Shape', [h], { attributes: { start: 1 } })], { attributes: { axis: 0 } }),
    ]);
    const dE = scatterAddRows(g, pushed, g.node('Reshape', [targets, g.ints([-1])]), rows);
    return [dh, dE];
  });
}
