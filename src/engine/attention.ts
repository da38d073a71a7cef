// Causal self-attention over a batch of sequences of unequal length, for training.

import type { ModelConfig } from '../formats/hf_config.ts';
import type { AttentionIndex } from './attention_index.ts';
import type { Graph, Value } from './graph.ts';
import { fusedMatmul } from './products.ts';

/** softmax(q·kᵀ/√head + causal)·v of rotated q (N, H·head), k and v (N, Hkv·head) → (N, H·head). */
export type Attend = (q: Value, k: Value, v: Value) => Value;

/**
 * Attention for every layer of a graph; what layers share is emitted once. Of the scores, the probabilities P are kept. With
 * dP = dO·Vᵀ: dS = P∘(dP − rowsum(dO∘O)), dQ = dS·K/√head, dK = dSᵀ·Q/√head, dV = Pᵀ·dO (as in arXiv 2205.14135).
 */
export function causalAttention(g: Graph, config: ModelConfig, index: AttentionIndex): Attend {
  const { head_dim: head, num_key_value_heads: keyHeads, num_attention_heads: queryHeads } = config;
  const alpha = 1 / Math.sqrt(head);
  const rowsOf = (x: Value) => g.node('Reshape', [x, g.shape([-1, head])]);
  const gather = (rows: Value, index: Value) => g.node('Gather', [rows, index]);
  const concat = (parts: Value[]) => g.node('Concat', parts, { attributes: { axis: 0 } });
  const tokens = (x: Value, heads: number) => g.node('Reshape', [x, g.shape([0, heads * head])]);
  const fromQueries = (parts: Value[]) => tokens(gather(rowsOf(concat(parts)), index.fromQueries), queryHeads);
  const fromKeys = (grid: Value) => {
    const rows = rowsOf(grid);
    const shared = gather(rows, index.fromSharedKeys); // (S, Hkv, M, head)
    const sum = g.node('ReduceSum', [shared, g.ints([2])], { attributes: { keepdims: 0 } });
    return tokens(concat([sum, gather(rows, index.fromKeys)]), keyHeads);
  };

  const sizes = (axis: number) =>
    index.blocks.map(({ keys }) => g.node('Shape', [keys], { attributes: { start: axis, end: axis + 1 } }));
  const [sequences, ends] = [sizes(0), sizes(2)]; // B′, T′
  const none = g.ints([0]);
  const minus = (a: Value, b: Value) => g.node('Sub', [a, b]);
  const padding = (sequences: Value, keys: Value) =>
    g.node('Concat', [g.ints([0, 0, 0, 0]), sequences, none, keys, none], { attributes: { axis: 0 } });
  const missing = sequences.map((reached) => padding(minus(sequences[0], reached), none));
  const growth = ends.map((end, i) => padding(none, i === 0 ? none : minus(end, ends[i - 1])));

  /** (T′, head). From the second block on there are as many keys as features. */
  const ofKeys = (i: number) => ({ straight: i > 0, rows: ends[i], columns: head });

  return (q, k, v) => {
    const [rowsOfQ, rowsOfK, rowsOfV] = [q, k, v].map(rowsOf);
    /** (B′, Hkv, G·t, head) and (B′, Hkv, T′, head) twice. */
    const gathered = ({ queries, keys }: (typeof index.blocks)[number]) =>
      [gather(rowsOfQ, queries), gather(rowsOfK, keys), gather(rowsOfV, keys)] as const;
    /** (B′, Hkv, G·t, T′). */
    const attention = (Q: Value, K: Value, causal: Value) => {
      const scores = g.node('Add', [fusedMatmul(g, Q, K, { trans: 'b', alpha, terms: head }), causal]);
      return g.node('Softmax', [scores], { attributes: { axis: -1 } });
    };
    const parts = index.blocks.map((block) => {
      const [Q, K, V] = gathered(block);
      return { block, O: fusedMatmul(g, attention(Q, K, block.causal), V, { straight: true }) };
    });
    const output = fromQueries(parts.map(({ O }) => O));
    return g.record(output, [q, k, v], (d) => {
      const rowsOfD = rowsOf(d);
      const products = g.node('Mul', [rowsOfD, rowsOf(output)]);
      const inners = g.node('ReduceSum', [products, g.ints([-1])], { attributes: { keepdims: 1 } }); // (N·H, 1)
      const gradients = parts.map(({ block }, i) => {
        const { queries, mask } = block;
        const [Q, K, V] = gathered(block);
        const P = attention(Q, K, block.causal);
        const [dO, inner] = [rowsOfD, inners].map((rows) => g.node('Mul', [gather(rows, queries), mask]));
        const dP = fusedMatmul(g, dO, V, { trans: 'b', terms: head });
        const dS = g.node('Mul', [P, g.node('Sub', [dP, inner])]);
        return {
          dQ: fusedMatmul(g, dS, K, { alpha, straight: true }),
          dK: fusedMatmul(g, dS, Q, { trans: 'a', alpha, ...ofKeys(i) }),
          dV: fusedMatmul(g, P, dO, { trans: 'a', ...ofKeys(i) }),
        };
      });
      const overKeys = (parts: Value[]) => {
        const pad = (x: Value, by: Value) => g.node('Pad', [x, by]);
        const sum = parts.reduce((sum, part, i) => g.node('Add', [pad(sum, growth[i]), pad(part, missing[i])]));
        return fromKeys(sum);
      };
      return [
        fromQueries(gradients.map(({ dQ }) => dQ)),
        overKeys(gradients.map(({ dK }) => dK)),
        overKeys(gradients.map(({ dV }) => dV)),
      ];
    });
  };
}
