// The graph of one training pass over a batch: forward, log-probs and, unless only those are wanted, every gradient.

import { causalAttention } from './attention.ts';
import { attentionIndex } from './attention_index.ts';
import { type Decoder, type DecoderKind, type DecoderOptions, decoder } from './decoder_graph.ts';
import type { Device } from './device.ts';
import { drawTokens } from './draws.ts';
import { frozenLinears } from './frozen_linear.ts';
import { Graph, type Value } from './graph.ts';
import { type Cut, chunksFor, type LogprobsInputs, targetLogprobs } from './logprobs.ts';
import { lossSlope, type TokenLossFn } from './losses.ts';
import { gatherRows } from './ops.ts';
import { asFloats, mostLikely } from './ranking.ts';

/** (N, D), where the graph takes it. */
export const EMBEDDING_NOISE = 'embedding_noise';

export const gradientOf = (parameter: string) => `gradient of ${parameter}`;

export interface TrainingGraphOptions extends DecoderKind {
  /** Blocks are computed again for their gradients instead of kept: a third more time, half of the memory. */
  checkpointing: boolean;
  /** No adapter has a rank above it; null: any may come. */
  mostRank: number | null;
  /** Whether something is added to the embeddings. */
  noise: boolean;
  device: Device;
  threads: number;
}

/** What a scoring graph tells of every row besides the log-probs of its targets. */
export interface Told {
  /** The most likely tokens. */
  ranked: boolean;
  /** Tokens that are drawn. */
  drawn: boolean;
}

export interface ScoringGraphOptions extends DecoderKind, Told {
  /** As of sampling graphs. */
  mostRank: number | null;
  device: Device;
}

/**
 * Inputs: `tokens` (N), `positions` (N, 1), the index of attention, `rows` (M) = the positions whose log-probs are wanted,
 * `targets` (M, K), the loss's inputs, and the parameters.
 * Outputs: `logprobs` (M, K) and the gradient of every parameter.
 */
export function trainingGraph({
  checkpointing,
  mostRank,
  noise: noisy,
  device,
  threads,
  ...kind
}: TrainingGraphOptions): Uint8Array {
  const g = new Graph(device, threads);
  const noise = noisy ? g.input(EMBEDDING_NOISE, 'float32') : null;
  const { model, ...reading } = emitReading(g, { ...kind, use: { trained: true, checkpointing, mostRank, noise } });
  const { logprobs, slope } = targetLogprobs(g, { ...reading, slope: slopeOfLoss(g) });
  g.output('logprobs', logprobs);
  if (slope !== null) emitGradients(g, model, logprobs, slope);
  return g.encode();
}

/**
 * The same without a loss and gradients. Inputs also: `groups` of the N tokens and the frozen parameters instead of the trained ones.
 * Ranked, it takes `top_k` (1) and tells `top_tokens` and `top_logprobs` (M, k). Drawn, it takes `inverse_temperature` (M, 1) and the
 * uniform numbers `draw_blocks` and `draw_within` (M, k), and tells `drawn_tokens` and `drawn_logprobs` (M, k).
 */
export function scoringGraph({ ranked, drawn, mostRank, device, ...kind }: ScoringGraphOptions): Uint8Array {
  const g = new Graph(device);
  const linears = frozenLinears(g, g.input('groups', 'int64'), mostRank);
  const reading = emitReading(g, { ...kind, use: { trained: false, linears } });
  const names: string[] = [];
  const emitters: NonNullable<LogprobsInputs['more']>[] = [];
  if (ranked) {
    const k = g.input('top_k', 'int64');
    names.push('top_logprobs', 'top_tokens');
    emitters.push((chunk) => mostLikely(g, chunk.logprobs, k));
  }
  if (drawn) {
    const [temperature, blocks, within] = ['inverse_temperature', 'draw_blocks', 'draw_within'].map((name) =>
      g.input(name, 'float32'),
    );
    names.push('drawn_logprobs', 'drawn_tokens');
    emitters.push(({ logits, logprobs: all, cut }) => {
      const inputs = { inverseTemperature: cut(temperature), blocks: cut(blocks), within: cut(within) };
      const tokens = drawTokens(g, logits, kind.base.config.vocab_size, inputs);
      return [g.node('GatherElements', [all, tokens], { attributes: { axis: 1 } }), asFloats(g, tokens)];
    });
  }
  const { logprobs, more } = targetLogprobs(g, {
    ...reading,
    more: (chunk) => emitters.flatMap((emit) => emit(chunk)),
  });
  g.output('logprobs', logprobs);
  for (const [i, name] of names.entries()) g.output(name, more[i]);
  return g.encode();
}

/** From tokens to what the logits of the rows that are wanted are the sum of. */
function emitReading(g: Graph, options: Omit<DecoderOptions, 'tokens' | 'positions' | 'attend'>) {
  const { config } = options.base;
  const tokens = g.input('tokens', 'int64');
  const positions = g.input('positions', 'int64');
  const index = attentionIndex((name, type) => g.input(name, type));
  const attend = causalAttention(g, config, index);
  const model = decoder(g, { ...options, tokens, positions, attend: (_layer, q, k, v) => attend(q, k, v) });
  const rows = g.input('rows', 'int64');
  return {
    model,
    terms: model.logitTerms().map((term) => ({ ...term, x: gatherRows(g, term.x, rows) })), // (M, n)
    targets: g.input('targets', 'int64'),
    chunks: chunksFor(config.vocab_size),
  };
}

/** The slope of the loss that is fed, for any chunk of rows. */
function slopeOfLoss(g: Graph): (logprobs: Value, cut: Cut) => Value {
  const perToken = (name: string) => g.input(name, 'float32');
  const scalar = (name: string) => g.input(name, 'float32');
  const flag = (fn: TokenLossFn) => g.input(fn, 'bool');
  const inputs = {
    weights: perToken('weights'),
    advantages: perToken('advantages'),
    q: perToken('q'),
    low: scalar('low'),
    high: scalar('high'),
    pull: scalar('pull'),
    chosen: {
      cross_entropy: flag('cross_entropy'),
      importance_sampling: flag('importance_sampling'),
      ppo: flag('ppo'),
      cispo: flag('cispo'),
      dro: flag('dro'),
      stable_reinforce: flag('stable_reinforce'),
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
