// Causal self-attention over a batch of sequences of unequal length, for training.

import type { ModelConfig } from '../weights/hf_config.ts';
import type { Graph, Value } from './graph.ts';
import { batchedMatmul, type PaddingIndex, pad, reshape, softmax, transpose, unpad } from './ops.ts';

export interface AttentionInputs {
  /** (N, H·head), (N, Hkv·head), (N, Hkv·head). */
  q: Value;
  k: Value;
  v: Value;
  padding: PaddingIndex;
  /** (G·T, T): 0 where a query may look, very negative where not; G query heads share a key head. */
  causal: Value;
}

/** softmax(q·kᵀ/√head + causal)·v, the queries of one key head side by side so that keys are never repeated. → (N, H·head) */
export function causalAttention(g: Graph, config: ModelConfig, { q, k, v, padding, causal }: AttentionInputs): Value {
  const { head_dim: head, num_key_value_heads: keyHeads, num_attention_heads: queryHeads } = config;
  const group = queryHeads / keyHeads;
  const byHead = (x: Value, heads: number, perm: number[], shape: number[]) =>
    transpose(g, reshape(g, pad(g, x, padding), [0, 0, ...shape, head]), perm.slice(0, heads));
  const queries = reshape(g, byHead(q, 5, [0, 2, 3, 1, 4], [keyHeads, group]), [0, keyHeads, -1, head]); // (B, Hkv, G·T, head)
  const keys = byHead(k, 4, [0, 2, 1, 3], [keyHeads]); // (B, Hkv, T, head)
  const values = byHead(v, 4, [0, 2, 1, 3], [keyHeads]);
  const scores = batchedMatmul(g, queries, keys, { transB: true, alpha: 1 / Math.sqrt(head) }); // (B, Hkv, G·T, T)
  const masked = g.record(g.node('Add', [scores, causal]), [scores], (d) => [d]);
  const mixed = batchedMatmul(g, softmax(g, masked), values); // (B, Hkv, G·T, head)
  const heads = reshape(g, mixed, [0, keyHeads, group, -1, head]);
  const sequences = reshape(g, transpose(g, heads, [0, 3, 1, 2, 4]), [0, 0, queryHeads * head]); // (B, T, H·head)
  return unpad(g, sequences, padding);
}
