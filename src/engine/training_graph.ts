// The graph of one training pass over a batch: forward, log-probs and, unless only those are wanted, every gradient.

import type { LossFnType } from '../tinker/types.ts';
import { unembedding } from './architectures/decoder.ts';
import { causalAttention } from './attention.ts';
import { attentionIndex } from './attention_index.ts';
import type { BaseWeights } from './base_weights.ts';
import { type Decoder, type DecoderOptions, decoder, type Parameterisation } from './decoder_graph.ts';
import type { Device } from './device.ts';
import { frozenLinears } from './frozen_linear.ts';
import { Graph, type Value } from './graph.ts';
import { type Cut, chunksFor, targetLogprobs } from './logprobs.ts';
import { lossSlope } from './losses.ts';
import { gatherRows } from './ops.ts';

export const gradientOf = (parameter: string) => `gradient of ${parameter}`;

export interface TrainingGraphOptions {
  base: BaseWeights;
  parameterisation: Parameterisation;
  /** Blocks are computed again for their gradients instead of kept: a third more time, far less memory. */
  checkpointing: boolean;
  /** No adapter has a rank above it; null: any may come. */
  mostRank: number | null;
  device: Device;
  threads: number;
}

export interface ScoringGraphOptions {
  base: BaseWeights;
  parameterisation: Parameterisation;
  /** Whether an adapter is fed. */
  adapted: boolean;
  /** With the most likely tokens of every row. */
  ranked: boolean;
  device: Device;
}

/**
 * Inputs: `tokens` (N), `positions` (N, 1), the index of attention, `rows` (M) = the positions whose log-probs are wanted,
 * `targets` (M, K), the loss's inputs, and the parameters.
 * Outputs: `logprobs` (M, K) and the gradient of every parameter.
 */
export function trainingGraph(options: TrainingGraphOptions): Uint8Array {
  const { base, parameterisation, checkpointing, mostRank, device, threads } = options;
  const g = new Graph(device, threads);
  const reading = emitReading(g, { base, parameterisation, use: { trained: true, checkpointing, mostRank } });
  const { logprobs, slope } = targetLogprobs(g, { ...reading, slope: slopeOfLoss(g) });
  g.output('logprobs', logprobs);
  if (slope !== null) emitGradients(g, reading.model, logprobs, slope);
  return g.encode();
}

/**
 * The same without a loss and gradients. Inputs also: `groups` of the N tokens, the frozen parameters instead of the trained ones, and
 * where ranked `top_k` (1), for which there are outputs `top_tokens` and `top_logprobs` (M, k).
 */
export function scoringGraph({ base, parameterisation, adapted, ranked, device }: ScoringGraphOptions): Uint8Array {
  const g = new Graph(device);
  const linears = frozenLinears(g, g.input('groups', 'int64'));
  const reading = emitReading(g, { base, parameterisation, use: { trained: false, linears, adapted } });
  const { logprobs, top } = targetLogprobs(g, {
    ...reading,
    ...(ranked ? { topK: g.input('top_k', 'int64') } : {}),
  });
  g.output('logprobs', logprobs);
  if (top !== null) {
    g.output('top_tokens', top.tokens);
    g.output('top_logprobs', top.logprobs);
  }
  return g.encode();
}

/** From tokens to the hidden states of the rows that are wanted. */
function emitReading(g: Graph, options: Pick<DecoderOptions, 'base' | 'parameterisation' | 'use'>) {
  const { config } = options.base;
  const tokens = g.input('tokens', 'int64');
  const positions = g.input('positions', 'int64');
  const index = attentionIndex((name, type) => g.input(name, type));
  const attend = causalAttention(g, config, index);
  const model = decoder(g, { ...options, tokens, positions, attend: (_layer, q, k, v) => attend(q, k, v) });
  return {
    model,
    h: gatherRows(g, model.hidden, g.input('rows', 'int64')), // (M, D)
    E: model.weight(unembedding(config)),
    targets: g.input('targets', 'int64'),
    chunks: chunksFor(config.vocab_size),
  };
}

/** The slope of the loss that is fed, for any chunk of rows. */
function slopeOfLoss(g: Graph): (logprobs: Value, cut: Cut) => Value {
  const perToken = (name: string) => g.input(name, 'float32');
  const scalar = (name: string) => g.input(name, 'float32');
  const flag = (fn: LossFnType) => g.input(fn, 'bool');
  const inputs = {
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
  };
  return (logprobs, cut) => {
    const { weights, advantages, q, ...rest } = inputs;
    return lossSlope(g, logprobs, { weights: cut(weights), advantages: cut(advantages), q: cut(q), ...rest });
  };
}

/**
 * Gradients leave the graph through operators of their own, the last layer's last: the runtime begins with the last of the
 * nodes on which no other depends, so it computes each gradient while what it is made of is there, and lets go of that
 * before it goes on to the layer below. Any other order keeps all layers to the end.
 */
function emitGradients(g: Graph, model: Decoder, logprobs: Value, slope: Value): void {
  const gradients = g.backward(logprobs, slope);
  for (const [name, parameter] of model.parameters) {
    const gradient = gradients.get(parameter);
    if (gradient !== undefined) g.output(gradientOf(name), g.node('Identity', [gradient]));
  }
}
