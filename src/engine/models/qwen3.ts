// Qwen3 (dense): Llama with an RMSNorm over each head of q and k before they are rotated (arXiv 2505.09388).

import type { Value } from '../graph.ts';
import { reshape, rmsNorm } from '../ops.ts';
import type { DecoderParts } from './decoder.ts';
import { llama } from './llama.ts';

export function qwen3(parts: DecoderParts): Value {
  const { g, config, weight, linear } = parts;
  const { head_dim, num_attention_heads, num_key_value_heads } = config;
  const normalisedHeads = (x: Value, heads: number, name: string): Value => {
    const split = reshape(g, x, [-1, heads, head_dim]); // (N, H, head)
    return reshape(g, rmsNorm(g, split, weight(name), config.rms_norm_eps), [-1, heads * head_dim]);
  };
  return llama({
    ...parts,
    linear: (x, module) => {
      const y = linear(x, module);
      if (module.endsWith('.q_proj')) {
        return normalisedHeads(y, num_attention_heads, module.replace('q_proj', 'q_norm.weight'));
      }
      if (module.endsWith('.k_proj')) {
        return normalisedHeads(y, num_key_value_heads, module.replace('k_proj', 'k_norm.weight'));
      }
      return y;
    },
  });
}
