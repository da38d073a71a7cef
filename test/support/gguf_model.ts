// A whole small model as a GGUF file, written the way llama.cpp converts one.

import { parseModelConfig } from '../../src/formats/hf_config.ts';
import { parameterShapes } from '../../src/formats/modules.ts';
import type { JsonObject } from '../../src/util/json.ts';
import { f32Tensor, type TensorOfFile, type Value } from './gguf.ts';

export type Architecture = 'llama' | 'qwen2' | 'qwen3';

export const HF_CONFIG: JsonObject = {
  vocab_size: 4,
  hidden_size: 8,
  intermediate_size: 6,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 4,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  rope_theta: 5e5,
};

export function metadataOf(architecture: Architecture): Record<string, Value> {
  return {
    'general.architecture': architecture,
    [`${architecture}.context_length`]: 64,
    [`${architecture}.embedding_length`]: 8,
    [`${architecture}.block_count`]: 1,
    [`${architecture}.feed_forward_length`]: 6,
    [`${architecture}.attention.head_count`]: 2,
    [`${architecture}.attention.head_count_kv`]: 1,
    [`${architecture}.attention.layer_norm_rms_epsilon`]: 1e-5,
    [`${architecture}.rope.freq_base`]: { type: 'f32', value: 5e5 },
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': 'smollm',
    'tokenizer.ggml.tokens': ['<end>', 'a', 'b', 'ab'],
    'tokenizer.ggml.merges': ['a b'],
    'tokenizer.ggml.eos_token_id': 0,
  };
}

/** Names of the parameters in GGUF, written out where the reader derives them. */
const GGUF_NAMES: readonly (readonly [string, string])[] = [
  ['token_embd', 'model.embed_tokens'],
  ['output_norm', 'model.norm'],
  ['output', 'lm_head'],
  ['blk.0.attn_norm', 'model.layers.0.input_layernorm'],
  ['blk.0.ffn_norm', 'model.layers.0.post_attention_layernorm'],
  ['blk.0.attn_q', 'model.layers.0.self_attn.q_proj'],
  ['blk.0.attn_k', 'model.layers.0.self_attn.k_proj'],
  ['blk.0.attn_v', 'model.layers.0.self_attn.v_proj'],
  ['blk.0.attn_output', 'model.layers.0.self_attn.o_proj'],
  ['blk.0.attn_q_norm', 'model.layers.0.self_attn.q_norm'],
  ['blk.0.attn_k_norm', 'model.layers.0.self_attn.k_norm'],
  ['blk.0.ffn_gate', 'model.layers.0.mlp.gate_proj'],
  ['blk.0.ffn_up', 'model.layers.0.mlp.up_proj'],
  ['blk.0.ffn_down', 'model.layers.0.mlp.down_proj'],
];

/** Parameters of a model, every value another one. */
export function parametersOf(architecture: Architecture, changes: JsonObject = {}): ReadonlyMap<string, TensorOfFile> {
  const config = parseModelConfig({ model_type: architecture, ...HF_CONFIG, ...changes }, 'config.json');
  let next = 0;
  const tensors = [...parameterShapes(config)].map(([name, shape]): [string, TensorOfFile] => {
    const length = shape.reduce((product, size) => product * size, 1);
    return [
      name,
      f32Tensor(
        name,
        shape,
        Float32Array.from({ length }, () => next++),
      ),
    ];
  });
  return new Map(tensors);
}

/** Row order of llama.cpp: [heads, 2, head_dim / 2] becomes [heads, head_dim / 2, 2]. */
function interleaved({ bytes, shape }: TensorOfFile): Uint8Array {
  const rowBytes = bytes.length / shape[0];
  const rows = Array.from({ length: shape[0] }, (_, row) => bytes.subarray(row * rowBytes, (row + 1) * rowBytes));
  const heads = Array.from({ length: shape[0] / 4 }, (_, head) => rows.slice(head * 4, head * 4 + 4));
  return Buffer.concat(heads.flatMap(([x0, x1, y0, y1]) => [x0, y0, x1, y1]));
}

export function ggufTensors(architecture: Architecture, parameters: ReadonlyMap<string, TensorOfFile>): TensorOfFile[] {
  return [...parameters].map(([name, tensor]) => {
    const [gguf] = GGUF_NAMES.find(([, hf]) => name.startsWith(`${hf}.`)) ?? [name];
    const rotated = architecture === 'llama' && /[qk]_proj/.test(name);
    const kind = name.slice(name.lastIndexOf('.'));
    return { ...tensor, name: `${gguf}${kind}`, bytes: rotated ? interleaved(tensor) : tensor.bytes };
  });
}
