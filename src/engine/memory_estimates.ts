// How much memory things take, in bytes. What is refused would have been killed, so estimates are on the low side: nine
// tenths of what was measured for long sequences, less for others.

import type { ModelConfig } from '../formats/hf_config.ts';
import { linearModules, UNEMBEDDING } from '../formats/modules.ts';
import { elementCount } from '../formats/tensors.ts';
import { scoresOfAttention } from './attention_index.ts';
import { CHUNK_BYTES } from './logprobs.ts';

const FLOAT = Float32Array.BYTES_PER_ELEMENT;

/** Trained values of these shapes, their gradients and the two moments of each. */
export function trainedBytes(shapes: ReadonlyMap<string, readonly number[]>): number {
  const count = [...shapes.values()].reduce((sum, shape) => sum + elementCount(shape), 0);
  return 4 * FLOAT * count;
}

/**
 * Turning a model into int8: its largest matrix as floats, then as bytes beside them, which are copied where they are to be unsigned; and
 * the weights of one layer, which the calibration has read before.
 */
export function conversionBytes(config: ModelConfig, { unsigned }: { unsigned: boolean }): number {
  const sizes = [...linearModules({ ...config, num_hidden_layers: 1 })].map(([name, { in: width, out }]) => ({
    inLayer: name !== UNEMBEDDING,
    size: width * out,
  }));
  const largest = Math.max(...sizes.map(({ size }) => size));
  const layer = sizes.reduce((sum, { inLayer, size }) => sum + (inLayer ? size : 0), 0);
  return (FLOAT + (unsigned ? 2 : 1)) * largest + FLOAT * layer;
}

export interface PassShape {
  /** Of the sequences. */
  lengths: readonly number[];
  /** Rows that are read for them, fewer where sequences share some. */
  tokens: number;
  /** Rows that meet the vocabulary. */
  rows: number;
  backward: boolean;
  checkpointing: boolean;
}

/** A pass of the training graph. */
export function passBytes(config: ModelConfig, { lengths, tokens, rows, backward, checkpointing }: PassShape): number {
  const { hidden_size, intermediate_size, num_hidden_layers, num_attention_heads, num_key_value_heads, head_dim } =
    config;
  const logits = 2 * Math.min(FLOAT * rows * config.vocab_size, CHUNK_BYTES);
  if (!backward) return Math.max(logits, 2 * FLOAT * tokens * intermediate_size);
  // What the backward pass of a block needs and does not compute again: what norms read, gate and up, queries, keys, values and what
  // attention makes of them.
  const features = 2 * intermediate_size + 3 * hidden_size + (num_attention_heads + 2 * num_key_value_heads) * head_dim;
  const kept = FLOAT * tokens * features;
  // The weights of attention and their gradients, of one block at a time.
  const scores = 2 * FLOAT * num_attention_heads * scoresOfAttention(lengths, config);
  if (!checkpointing) return num_hidden_layers * kept + Math.max(logits, scores);
  return FLOAT * num_hidden_layers * tokens * hidden_size + Math.max(logits, kept + scores);
}

/** Reading prompts of such lengths before sampling. Their keys and values are counted where they are kept. */
export function prefillBytes(config: ModelConfig, lengths: readonly number[]): number {
  const tokens = lengths.reduce((sum, length) => sum + length, 0);
  const scores = config.num_attention_heads * scoresOfAttention(lengths, config);
  return FLOAT * (scores + 2 * tokens * config.intermediate_size);
}
