// Qwen3 (dense): Llama with an RMSNorm over each head of q and k before they are rotated (arXiv 2505.09388).

import type { Value } from '../graph.ts';
import { reshape, rmsNorm } from '../ops.ts';
import type { DecoderParts } from './decoder.ts';
import { llama } from './llama.ts';

export function qwen3(parts: DecoderParts): Value {
  const { g, config, weight, linears } = parts;
  const { head_dim } = config;
  const normalisedHeads = (x: Value, name: string): Value => {
    const split = reshape(g, x, [0, -1, head_dim]); // (N, H, head)
    return reshape(g, rmsNorm(g, split, weight(name), config.rms_norm_eps), [0, -1]);
  };
  return llama({
    ...parts,
    linears: (x, modules) =>
      linears(x, modules).map((y, i) => {
        const norm = modules[i].replace(/_proj$/, '_norm');
        return norm.endsWith('.q_norm') || norm.endsWith('.k_norm') ? normalisedHeads(y, `${norm}.weight`) : y;
      }),
  });
}
