// The graph of sampling: it reads S new tokens of B sequences beside their cached keys and values, so one graph serves the
// prompt (S = its length, nothing cached) and every token after it (S = 1).

import type { ModulePart } from '../formats/modules.ts';
import type { BaseWeights } from './base_weights.ts';
import { decoder, type Parameterisation } from './decoder_graph.ts';
import type { Device } from './device.ts';
import { Graph, type Value } from './graph.ts';
import { batchedMatmul, projection, projectionOfFew, softmax, transpose } from './ops.ts';

export const pastKeys = (layer: number) => `past_keys_${layer}`;
export const pastValues = (layer: number) => `past_values_${layer}`;

export interface SamplingGraphOptions {
  base: BaseWeights;
  parameterisation: Parameterisation;
  /** Parts of the model whose adapters are fed. */
  adapted: readonly ModulePart[];
  /** Whether the graph is for a few tokens at a time, two or more. */
  few: boolean;
  device: Device;
}

/**
 * Inputs: `tokens` (B·S), `positions` (B·S, 1), `batch` = [B, S], `widths` = [P, S], `mask` (B, 1, G·S, P + S), of which any
 * axis but the last may have size 1, the cache (B, Hkv, P, head) of every layer, `rows` (M) = where the next token is wanted,
 * `inverse_temperature` (M, 1), and the frozen parameters.
 * Outputs: `probabilities` (M, V) at the temperature; `log_normalizer` (M, 1) of the logits and `tempered_log_normalizer` of
 * the logits at the temperature, from which the model's own log-prob of any token follows; and `new_rows` of the cache,
 * keys and values of every layer in turn, (2L·B, Hkv, S, head): returning whole caches would copy them at every token.
 */
export function samplingGraph({ base, parameterisation, adapted, few, device }: SamplingGraphOptions): Uint8Array {
  const g = new Graph(device);
  const project = few ? projectionOfFew : projection;
  const { head_dim: head, num_key_value_heads: keyHeads, num_attention_heads: queryHeads } = base.config;
  const group = queryHeads / keyHeads;
  const tokens = g.input('tokens', 'int64');
  const positions = g.input('positions', 'int64');
  const batch = g.input('batch', 'int64');
  const widths = g.input('widths', 'int64');
  const mask = g.input('mask', 'float32');
  const newRows: Value[] = [];

  const reshape = (x: Value, shape: Value) => g.node('Reshape', [x, shape]);
  const sizes = (rest: number[]) => g.node('Concat', [batch, g.ints([...rest, head])], { attributes: { axis: 0 } });
  const [querySizes, keySizes] = [sizes([keyHeads, group]), sizes([keyHeads])];
  const lastAxis = { attributes: { axis: -1 } };
  const attend = (layer: number, q: Value, k: Value, v: Value): Value => {
    const cached = (name: string) => g.input(name, 'float32');
    const [oldK, oldV] = [cached(pastKeys(layer)), cached(pastValues(layer))];
    const byHead = transpose(g, reshape(q, querySizes), [0, 2, 3, 1, 4]);
    const queries = reshape(byHead, g.ints([0, keyHeads, -1, head])); // (B, Hkv, G·S, head)
    const keys = transpose(g, reshape(k, keySizes), [0, 2, 1, 3]); // (B, Hkv, S, head)
    const values = transpose(g, reshape(v, keySizes), [0, 2, 1, 3]);
    newRows.push(keys, values);
    const scores = (rows: Value) => batchedMatmul(g, queries, rows, { transB: true, alpha: 1 / Math.sqrt(head) });
    const joined = g.node('Add', [g.node('Concat', [scores(oldK), scores(keys)], lastAxis), mask]);
    const [onOld, onNew] = g.nodes('Split', [softmax(g, joined), widths], 2, lastAxis); // (B, Hkv, G·S, P), (B, Hkv, G·S, S)
    const mixed = g.node('Add', [batchedMatmul(g, onOld, oldV), batchedMatmul(g, onNew, values)]);
    const heads = reshape(mixed, g.ints([0, keyHeads, group, -1, head]));
    return reshape(transpose(g, heads, [0, 3, 1, 2, 4]), g.ints([-1, queryHeads * head])); // (B·S, H·head)
  };

  const model = decoder(g, {
    base,
    parameterisation,
    differentiable: false,
    checkpointing: false,
    adapted,
    frozen: true,
    project,
    tokens,
    positions,
    attend,
  });
  g.output('new_rows', g.node('Concat', newRows, { attributes: { axis: 0 } }));
  const rows = g.node('Gather', [model.hidden, g.input('rows', 'int64')]);
  const logits = model.logits(rows);
  const tempered = g.node('Mul', [logits, g.input('inverse_temperature', 'float32')]);
  const [logprobs, temperedLogprobs] = [logits, tempered].map((x) => g.node('LogSoftmax', [x], lastAxis));
  const first = (x: Value) => g.node('Slice', [x, g.ints([0]), g.ints([1]), g.ints([1])]); // (M, 1)
  const normalizer = (x: Value, logprobs: Value) => g.node('Sub', [first(x), first(logprobs)]);
  g.output('probabilities', g.node('Exp', [temperedLogprobs]));
  g.output('log_normalizer', normalizer(logits, logprobs));
  g.output('tempered_log_normalizer', normalizer(tempered, temperedLogprobs));
  return g.encode();
}
