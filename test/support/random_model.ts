// A model directory with random weights, small enough to compute with in milliseconds.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gaussian } from '../../src/engine/random.ts';
import { parseModelConfig, writeModelConfig } from '../../src/formats/hf_config.ts';
import { parameterShapes } from '../../src/formats/modules.ts';
import { type FloatDtype, writeSafetensors } from '../../src/formats/safetensors.ts';
import type { JsonObject } from '../../src/util/json.ts';
import { randomFor } from '../../src/util/random.ts';

const CONFIG: JsonObject = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 61,
  hidden_size: 16,
  intermediate_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  max_position_embeddings: 64,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  hidden_act: 'silu',
  tie_word_embeddings: true,
  bos_token_id: null,
  eos_token_id: 2,
};

/** config.json of the models here; `changes` replace its fields. */
export const randomModelConfig = (changes: JsonObject = {}): JsonObject => ({ ...CONFIG, ...changes });

/** Weights large enough that every part of the model matters. */
const DEVIATION = 0.3;

const DTYPE_NAMES = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' } as const;

/** Writes the directory and returns it. */
export async function writeRandomModel(
  directory: string,
  changes: JsonObject = {},
  dtype: FloatDtype = 'F32',
  deviation = DEVIATION,
): Promise<string> {
  const config = parseModelConfig(randomModelConfig(changes), 'random model');
  await mkdir(directory, { recursive: true });
  await writeModelConfig(directory, config, DTYPE_NAMES[dtype]);
  const tensors = [...parameterShapes(config)].map(([name, shape]) => {
    const size = shape.reduce((product, n) => product * n, 1);
    const noise = gaussian(randomFor(1, name), size, deviation);
    const data = name.endsWith('norm.weight') ? noise.map((value) => 1 + value) : noise;
    return { name, dtype, shape, data };
  });
  await writeSafetensors(join(directory, 'model.safetensors'), tensors, { format: 'pt' });
  return directory;
}

export const RANDOM_MODEL_VOCABULARY = 61;
