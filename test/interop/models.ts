// The tiny random models of the suite: every family that the engine computes, with what is particular about each.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '../../src/util/json.ts';

/** Room for a prompt and 64 sampled tokens, and nothing that ends them early. */
const COMMON: JsonObject = { max_position_embeddings: 128, eos_token_id: null };

const ROPE: JsonObject = { ...COMMON, head_dim: 16, num_key_value_heads: 1 };

interface RandomModel {
  name: string;
  /** Fields of config.json that differ from those of test/support/random_model.ts. */
  fields: JsonObject;
}

export const MODELS: RandomModel[] = [
  { name: 'llama', fields: COMMON },
  {
    name: 'llama, untied, with biases',
    fields: { ...COMMON, tie_word_embeddings: false, num_key_value_heads: 4, attention_bias: true, mlp_bias: true },
  },
  {
    // Eight frequencies, of which llama3 keeps, interpolates and stretches some each.
    name: 'llama, llama3 rope',
    fields: {
      ...ROPE,
      rope_scaling: {
        rope_type: 'llama3',
        factor: 8,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: 32,
      },
    },
  },
  {
    name: 'llama, linear rope',
    fields: { ...ROPE, rope_theta: 500_000, rope_scaling: { rope_type: 'linear', factor: 4 } },
  },
  { name: 'qwen2', fields: { ...COMMON, architectures: ['Qwen2ForCausalLM'], model_type: 'qwen2' } },
  {
    name: 'qwen3, wide heads, untied',
    fields: {
      ...COMMON,
      architectures: ['Qwen3ForCausalLM'],
      model_type: 'qwen3',
      head_dim: 10,
      tie_word_embeddings: false,
      rms_norm_eps: 1e-6,
    },
  },
];

/** A directory with a tokenizer of two tokens, for models whose input is token ids: none of them has fewer. */
export async function writeFewTokens(directory: string): Promise<string> {
  const model = { type: 'BPE', vocab: { a: 0, b: 1 }, merges: [], unk_token: 'a' };
  await writeFile(join(directory, 'tokenizer.json'), JSON.stringify({ version: '1.0', added_tokens: [], model }));
  await writeFile(join(directory, 'tokenizer_config.json'), '{}');
  return directory;
}
