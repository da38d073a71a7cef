// The graph of one training pass over a batch: forward, log-probs and, unless only those are wanted, every gradient.

import type { LossFnType } from '../tinker/types.ts';
import type { BaseWeights } from './base_weights.ts';
import { type Decoder, decoder, type Parameterisation } from './decoder_graph.ts';
import { Graph, type Value } from './graph.ts';
import { lossSlope } from './losses.ts';
import { unembedding } from './models/decoder.ts';
import {
  batchedMatmul,
  gatherRows,
  type PaddingIndex,
  pad,
  reshape,
  scatterAddRows,
  softmax,
  transpose,
  unpad,
} from './ops.ts';
import type { ModelConfig } from './weights/hf_config.ts';

export const gradientOf = (parameter: string) => `gradient of ${parameter}`;

export interface TrainingGraphOptions {
  base: BaseWeights;
  parameterisation: Parameterisation;
  /** Without gradients: log-probs only. */
  backward: boolean;
}

/**
 * Inputs: `tokens` (N), `positions` (N, 1), the padding index, `causal` (G·T, T), `rows` (M) = the positions whose
 * log-probs are wanted, `targets` (M, K), the loss's inputs, and the parameters.
 * Outputs: `logprobs` (M, K) and the gradient of every parameter.
 */
export function trainingGraph({ base, parameterisation, backward }: TrainingGraphOptions): Uint8Array {
  const g = new Graph();
  const tokens = g.input('tokens', 'int64', ['N']);
  const positions = g.input('positions', 'int64', ['N', 1]);
  const padding: PaddingIndex = {
    flat: g.input('flat', 'int64', ['B', 'T']),
    padded: g.input('padded', 'int64', ['N']),
    mask: g.input('mask', 'float32', ['B', 'T', 1]),
  };
  const causal = g.input('causal', 'float32', ['GT', 'T']);
  const attend = (_layer: number, q: Value, k: Value, v: Value) =>
    causalAttention(g, base.config, { q, k, v, padding, causal });
  const model = decoder(g, { base, parameterisation, differentiable: backward, tokens, positions, attend });

  const rows = g.input('rows', 'int64', ['M']);
  const targets = g.input('targets', 'int64', ['M', 'K']);
  const hidden = gatherRows(g, model.hidden, rows); // (M, D)
  const logprobs = targetLogprobs(g, hidden, model.weight(unembedding(base.config)), targets);
  g.output('logprobs', logprobs, ['M', 'K']);
  if (backward) emitGradients(g, model, logprobs);
  return g.encode();
}

function emitGradients(g: Graph, model: Decoder, logprobs: Value): void {
  const perToken = (name: string) => g.input(name, 'float32', ['M', 'K']);
  const scalar = (name: string) => g.input(name, 'float32', []);
  const flag = (fn: LossFnType) => g.input(fn, 'bool', []);
  const slope = lossSlope(g, logprobs, {
    weights: perToken('weights'),
    advantages: perToken('advantages'),
    q: perToken('q'),
    low: scalar('low'),
    high: scalar('high'),
    beta: scalar('beta'),
    chosen: {
      cross_entropy: flag('cross_entropy'),
      importance_sampling: flag('importance_sampling'),
      ppo: flag('ppo'),
      cispo: flag('cispo'),
      dro: flag('dro'),
    },
  });
  const gradients = g.backward(logprobs, slope);
  for (const [name, parameter] of model.parameters) {
    const gradient = gradients.get(parameter);
    if (gradient !== undefined) g.output(gradientOf(name), gradient, []);
  }
}

interface AttentionInputs {
  /** (N, H·head), (N, Hkv·head), (N, Hkv·head). */
  q: Value;
  k: Value;
  v: Value;
  padding: PaddingIndex;
  /** (G·T, T): 0 where a query may look, very negative where not; G query heads share a key head. */
  causal: Value;
}

/** softmax(q·kᵀ/√head + causal)·v, the queries of one key head side by side so that keys are never repeated. → (N, H·head) */
function causalAttention(g: Graph, config: ModelConfig, { q, k, v, padding, causal }: AttentionInputs): Value {
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

/**
 * log softmax(h·Eᵀ)[target]. h (M, D), E (V, D), targets (M, K) → (M, K).
 * Given slopes c (M, K): dh = Σₖ cₖ·E[targetₖ] − (Σₖ cₖ)·p·E with p = softmax, so no gradient of the logits is ever made.
 */
function targetLogprobs(g: Graph, h: Value, E: Value, targets: Value): Value {
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
