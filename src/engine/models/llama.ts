// Llama: RMSNorm → grouped-query attention with RoPE → RMSNorm → SwiGLU, residuals around both (arXiv 2302.13971).

import type { Value } from '../graph.ts';
import { add, rmsNorm, rotary, swiglu } from '../ops.ts';
import { type DecoderParts, embed } from './decoder.ts';

/** Token ids (N) → final hidden states (N, D), normalised, ready for the unembedding. */
export function llama(parts: DecoderParts): Value {
  const { g, config, weight, linear, attend, rotation } = parts;
  const norm = (x: Value, name: string) => rmsNorm(g, x, weight(`${name}.weight`), config.rms_norm_eps);
  const block =
    (layer: number) =>
    (input: Value): Value => {
      const name = `model.layers.${layer}`;
      const h = norm(input, `${name}.input_layernorm`);
      const q = rotary(g, linear(h, `${name}.self_attn.q_proj`), rotation); // (N, H·head)
      const k = rotary(g, linear(h, `${name}.self_attn.k_proj`), rotation); // (N, Hkv·head)
      const v = linear(h, `${name}.self_attn.v_proj`);
      const x = add(g, input, linear(attend(layer, q, k, v), `${name}.self_attn.o_proj`));
      const m = norm(x, `${name}.post_attention_layernorm`);
      const gated = swiglu(g, linear(m, `${name}.mlp.gate_proj`), linear(m, `${name}.mlp.up_proj`)); // (N, F)
      return add(g, x, linear(gated, `${name}.mlp.down_proj`));
    };
  let x = embed(parts); // (N, D)
  for (let layer = 0; layer < config.num_hidden_layers; layer++) x = parts.block(x, block(layer));
  return norm(x, 'model.norm');
}
