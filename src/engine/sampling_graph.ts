// The graph of sampling: it reads S new tokens of B sequences beside their cached keys and values, so one graph serves the
// prompt (S = its length, nothing cached) and every token after it (S = 1).

import type { BaseWeights } from './base_weights.ts';
import { decoder, type Parameterisation } from './decoder_graph.ts';
import { Graph, type Value } from './graph.ts';
import { unembedding } from './models/decoder.ts';
import { batchedMatmul, softmax, transpose } from './ops.ts';

export const pastKeys = (layer: number) => `past_keys_${layer}`;
export const pastValues = (layer: number) => `past_values_${layer}`;
export const newKeys = (layer: number) => `new_keys_${layer}`;
export const newValues = (layer: number) => `new_values_${layer}`;

/**
 * Inputs: `tokens` (B·S), `positions` (B·S, 1), `batch` = [B, S], `width` = [S], `causal` (G·S, S), `past_mask`
 * (B, 1, 1, P), the cache (B, Hkv, P, head) of every layer, `rows` (M) = where the next token is wanted,
 * `inverse_temperature` (M, 1), and the parameters.
 * Outputs: `logprobs` (M, V) of the model itself, `probabilities` (M, V) at the temperature, and the new rows of the
 * cache (B, Hkv, S, head): returning whole caches would copy them at every token.
 */
export function samplingGraph(base: BaseWeights, parameterisation: Parameterisation): Uint8Array {
  const g = new Graph();
  const { head_dim: head, num_key_value_heads: keyHeads, num_attention_heads: queryHeads } = base.config;
  const group = queryHeads / keyHeads;
  const tokens = g.input('tokens', 'int64', ['BS']);
  const positions = g.input('positions', 'int64', ['BS', 1]);
  const batch = g.input('batch', 'int64', [2]);
  const width = g.input('width', 'int64', [1]);
  const causal = g.input('causal', 'float32', ['GS', 'S']);
  const pastMask = g.input('past_mask', 'float32', ['B', 1, 1, 'P']);

  const reshape = (x: Value, shape: Value) => g.node('Reshape', [x, shape]);
  const byHead = (x: Value, sizes: number[], perm: number[]) => {
    const shape = g.node('Concat', [batch, g.ints([...sizes, head])], { attributes: { axis: 0 } });
    return transpose(g, reshape(x, shape), perm);
  };
  const attend = (layer: number, q: Value, k: Value, v: Value): Value => {
    const cached = (name: string) => g.input(name, 'float32', ['B', keyHeads, 'P', head]);
    const oldK = cached(pastKeys(layer));
    const oldV = cached(pastValues(layer));
    const queries = reshape(byHead(q, [keyHeads, group], [0, 2, 3, 1, 4]), g.ints([0, keyHeads, -1, head])); // (B, Hkv, G·S, head)
    const keys = byHead(k, [keyHeads], [0, 2, 1, 3]); // (B, Hkv, S, head)
    const values = byHead(v, [keyHeads], [0, 2, 1, 3]);
    g.output(newKeys(layer), keys, ['B', keyHeads, 'S', head]);
    g.output(newValues(layer), values, ['B', keyHeads, 'S', head]);
    const scores = (past: Value, mask: Value) =>
      g.node('Add', [batchedMatmul(g, queries, past, { transB: true, alpha: 1 / Math.sqrt(head) }), mask]);
    const joined = g.node('Concat', [scores(keys, causal), scores(oldK, pastMask)], { attributes: { axis: -1 } });
    const weights = softmax(g, joined); // (B, Hkv, G·S, S + P)
    const last = g.ints([3]);
    const onNew = g.node('Slice', [weights, g.ints([0]), width, last]);
    const onOld = g.node('Slice', [weights, width, g.ints([2 ** 31 - 1]), last]);
    const mixed = g.node('Add', [batchedMatmul(g, onNew, values), batchedMatmul(g, onOld, oldV)]);
    const heads = reshape(mixed, g.ints([0, keyHeads, group, -1, head]));
    return reshape(transpose(g, heads, [0, 3, 1, 2, 4]), g.ints([-1, queryHeads * head])); // (B·S, H·head)
  };

  const model = decoder(g, {
    base,
    parameterisation,
    differentiable: false,
    checkpointing: false,
    tokens,
    positions,
    attend,
  });
  const rows = g.node('Gather', [model.hidden, g.input('rows', 'int64', ['M'])]);
  const logits = g.node('Gemm', [rows, model.weight(unembedding(base.config))], { attributes: { transB: 1 } });
  const tempered = g.node('Mul', [logits, g.input('inverse_temperature', 'float32', ['M', 1])]);
  const last = { attributes: { axis: -1 } };
  g.output('logprobs', g.node('LogSoftmax', [logits], last), ['M', 'V']);
  g.output('probabilities', g.node('Softmax', [tempered], last), ['M', 'V']);
  return g.encode();
}
