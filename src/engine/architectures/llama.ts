// Llama: RMSNorm → grouped-query attention with RoPE → RMSNorm → SwiGLU, residuals around both (arXiv 2302.13971).

import type { Value } from '../graph.ts';
import { add, rmsNorm, rotary, swiglu } from '../ops.ts';
import { type DecoderParts, embed } from './decoder.ts';

/** Token ids (N) → final hidden states (N, D), normalised, ready for the unembedding. */
export function llama(parts: DecoderParts): Value {
  const { g, config, weight, linears, attend, rotation } = parts;
  const norm = (x: Value, name: string) => rmsNorm(g, x, weight(`${name}.weight`), config.rms_norm_eps);
  const block =
    (layer: number) =>
    (input: Value): Value => {
      const name = `model.layers.${layer}`;
      const project = (x: Value, ...projections: string[]) =>
        linears(
          x,
          projections.map((p) => `${name}.${p}`),
        );
      const h = norm(input, `${name}.input_layernorm`);
      const [q, k, v] = project(h, 'self_attn.q_proj', 'self_attn.k_proj', 'self_attn.v_proj'); // (N, H·head), (N, Hkv·head) twice
      const mixed = attend(layer, rotary(g, q, rotation), rotary(g, k, rotation), v); // (N, H·head)
      const [o] = project(mixed, 'self_attn.o_proj');
      const x = add(g, input, o);
      const m = norm(x, `${name}.post_attention_layernorm`);
      const [gate, up] = project(m, 'mlp.gate_proj', 'mlp.up_proj'); // (N, F)
      const [down] = project(swiglu(g, gate, up), 'mlp.down_proj');
      return add(g, x, down);
    };
  let x = embed(parts); // (N, D)
  for (let layer = 0; layer < config.num_hidden_layers; layer++) x = parts.block(x, block(layer));
  return norm(x, 'model.norm');
}
