// The model families by `model_type` of config.json. A new one is a file beside llama.ts and a line here.

import type { ModelConfig } from '../../formats/hf_config.ts';
import type { Value } from '../graph.ts';
import type { DecoderParts } from './decoder.ts';
import { llama } from './llama.ts';
import { qwen3 } from './qwen3.ts';

export const FAMILIES: Record<ModelConfig['model_type'], (parts: DecoderParts) => Value> = {
  llama,
  // Qwen2 is Llama with biases on q, k and v; biases are added wherever the files have them.
  qwen2: llama,
  qwen3,
};
