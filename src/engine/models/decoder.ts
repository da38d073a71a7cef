// What a model family is written against: how weights, linear layers and attention enter the graph is the caller's choice.

import type { Graph, Value } from '../graph.ts';
import { gatherRows, type RotaryTables } from '../ops.ts';
import type { ModelConfig } from '../weights/hf_config.ts';

export interface DecoderParts {
  g: Graph;
  config: ModelConfig;
  /** (N) token ids. */
  tokens: Value;
  rotation: RotaryTables;
  /** A weight by its Hugging Face name. */
  weight(name: string): Value;
  /** The linear layer of a module, with its adapter if it has one: (N, in) → (N, out). */
  linear(x: Value, module: string): Value;
  /** Causal attention of layer l over rotated q (N, H·head), k and v (N, Hkv·head) → (N, H·head). */
  attend(layer: number, q: Value, k: Value, v: Value): Value;
}

export const EMBEDDING = 'model.embed_tokens.weight';

/** Rows of the embedding: (N) → (N, D). */
export function embed({ g, tokens, weight }: DecoderParts): Value {
  return gatherRows(g, weight(EMBEDDING), tokens);
}

/** Name of the matrix (V, D) that turns hidden states into logits. */
export function unembedding(config: ModelConfig): string {
  return config.tie_word_embeddings ? EMBEDDING : 'lm_head.weight';
}

export interface LinearModule {
  /** `model.layers.0.self_attn.q_proj` */
  name: string;
  in: number;
  out: number;
  bias: boolean;
}

/** Every linear layer of a decoder, in the order of the forward pass. */
export function linearModules(config: ModelConfig): LinearModule[] {
  const D = config.hidden_size;
  const F = config.intermediate_size;
  const q = config.num_attention_heads * config.head_dim;
  const kv = config.num_key_value_heads * config.head_dim;
  const { attention_bias, mlp_bias } = config;
  const outputBias = attention_bias && config.model_type !== 'qwen2';
  return Array.from({ length: config.num_hidden_layers }, (_, layer) => {
    const block = `model.layers.${layer}`;
    return [
      { name: `${block}.self_attn.q_proj`, in: D, out: q, bias: attention_bias },
      { name: `${block}.self_attn.k_proj`, in: D, out: kv, bias: attention_bias },
      { name: `${block}.self_attn.v_proj`, in: D, out: kv, bias: attention_bias },
      { name: `${block}.self_attn.o_proj`, in: q, out: D, bias: outputBias },
      { name: `${block}.mlp.gate_proj`, in: D, out: F, bias: mlp_bias },
      { name: `${block}.mlp.up_proj`, in: D, out: F, bias: mlp_bias },
      { name: `${block}.mlp.down_proj`, in: F, out: D, bias: mlp_bias },
    ];
  }).flat();
}
