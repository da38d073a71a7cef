// Llama: RMSNorm → grouped-query attention with RoPE → RMSNorm → SwiGLU, residuals around both (arXiv 2302.13971).

import type { Value } from '../graph.ts';
import { add, mul, rmsNorm, rotary, silu } from '../ops.ts';
import { type DecoderParts, embed } from './decoder.ts';

/** Token ids (N) → final hidden states (N, D), normalised, ready for the unembedding. */
export function llama(parts: DecoderParts): Value {
  const { g, config, weight, linear, attend, rotation } = parts;
  const norm = (x: Value, name: string) => rmsNorm(g, x, weight(`${name}.weight`), config.rms_norm_eps);
  let x = embed(parts); // (N, D)
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const block = `model.layers.${layer}`;
    const h = norm(x, `${block}.input_layernorm`);
    const q = rotary(g, linear(h, `${block}.self_attn.q_proj`), rotation); // (N, H·head)
    const k = rotary(g, linear(h, `${block}.self_attn.k_proj`), rotation); // (N, Hkv·head)
    const v = linear(h, `${block}.self_attn.v_proj`);
    x = add(g, x, linear(attend(layer, q, k, v), `${block}.self_attn.o_proj`));
    const m = norm(x, `${block}.post_attention_layernorm`);
    const gated = mul(g, silu(g, linear(m, `${block}.mlp.gate_proj`)), linear(m, `${block}.mlp.up_proj`)); // (N, F)
    x = add(g, x, linear(gated, `${block}.mlp.down_proj`));
  }
  return norm(x, 'model.norm');
}
