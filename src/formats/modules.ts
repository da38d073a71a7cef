// The parameters that a model of a given configuration consists of: Hugging Face names and shapes.
import { WeightsError } from '../util/errors.ts';
import type { ModelConfig } from './hf_config.ts';
import { requireTensor, type TensorSource } from './tensors.ts';

export const EMBEDDING = 'model.embed_tokens.weight';

/** Buffers that older checkpoints carry and that follow from the configuration. */
const DERIVED_TENSOR = /^model\.layers\.\d+\.self_attn\.rotary_emb\.inv_freq$/;

/** The parts of a model that are adapted or left alone as a whole, in the order of the forward pass. */
export const MODULE_PARTS = ['attn', 'mlp', 'unembed'] as const;
export type ModulePart = (typeof MODULE_PARTS)[number];

/** The linear module that turns final hidden states into logits. With tied embeddings its weight is the embedding. */
export const UNEMBEDDING = 'lm_head';
export const UNEMBEDDING_WEIGHT = `${UNEMBEDDING}.weight`;

/** A linear map from `in` to `out` features; its weight has shape [out, in]. */
export interface LinearModule {
  readonly part: ModulePart;
  readonly in: number;
  readonly out: number;
  readonly bias: boolean;
  /** Name of what it reads: modules with the same one read the same features. */
  readonly reads: string;
}

/** Name of the weight of a linear module. */
export const weightOf = (config: ModelConfig, module: string): string =>
  module === UNEMBEDDING ? unembeddingWeight(config) : `${module}.weight`;

/** Every linear module by its Hugging Face name: what LoRA can adapt. */
export function linearModules(config: ModelConfig): ReadonlyMap<string, LinearModule> {
  const { hidden_size, intermediate_size, attention_bias, mlp_bias } = config;
  const q_size = config.num_attention_heads * config.head_dim;
  const kv_size = config.num_key_value_heads * config.head_dim;
  const modules = new Map<string, LinearModule>();
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const prefix = `model.layers.${layer}`;
    const attention = {
      part: 'attn' as const,
      in: hidden_size,
      bias: attention_bias,
      reads: `${prefix}.input_layernorm`,
    };
    modules.set(`${prefix}.self_attn.q_proj`, { ...attention, out: q_size });
    modules.set(`${prefix}.self_attn.k_proj`, { ...attention, out: kv_size });
    modules.set(`${prefix}.self_attn.v_proj`, { ...attention, out: kv_size });
    const o_bias = attention_bias && config.model_type !== 'qwen2';
    modules.set(`${prefix}.self_attn.o_proj`, {
      part: 'attn',
      in: q_size,
      out: hidden_size,
      bias: o_bias,
      reads: `${prefix}.self_attn`,
    });
    const mlp = {
      part: 'mlp' as const,
      in: hidden_size,
      out: intermediate_size,
      bias: mlp_bias,
      reads: `${prefix}.post_attention_layernorm`,
    };
    modules.set(`${prefix}.mlp.gate_proj`, mlp);
    modules.set(`${prefix}.mlp.up_proj`, mlp);
    modules.set(`${prefix}.mlp.down_proj`, {
      part: 'mlp',
      in: intermediate_size,
      out: hidden_size,
      bias: mlp_bias,
      reads: `${prefix}.mlp`,
    });
  }
  modules.set(UNEMBEDDING, {
    part: 'unembed',
    in: hidden_size,
    out: config.vocab_size,
    bias: false,
    reads: 'model.norm',
  });
  return modules;
}

/** Name of the weight (V, D) that turns final hidden states into logits. */
export function unembeddingWeight({ tie_word_embeddings }: Pick<ModelConfig, 'tie_word_embeddings'>): string {
  return tie_word_embeddings ? EMBEDDING : UNEMBEDDING_WEIGHT;
}

/** Shape of every parameter. With tied embeddings `lm_head.weight` is not one: it is the embedding. */
export function parameterShapes(config: ModelConfig): ReadonlyMap<string, readonly number[]> {
  const { hidden_size, head_dim } = config;
  const shapes = new Map<string, readonly number[]>([[EMBEDDING, [config.vocab_size, hidden_size]]]);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const prefix = `model.layers.${layer}`;
    shapes.set(`${prefix}.input_layernorm.weight`, [hidden_size]);
    shapes.set(`${prefix}.post_attention_layernorm.weight`, [hidden_size]);
    if (config.model_type === 'qwen3') {
      shapes.set(`${prefix}.self_attn.q_norm.weight`, [head_dim]);
      shapes.set(`${prefix}.self_attn.k_norm.weight`, [head_dim]);
    }
  }
  shapes.set('model.norm.weight', [hidden_size]);
  for (const [name, module] of linearModules(config)) {
    if (name === UNEMBEDDING && config.tie_word_embeddings) continue;
    shapes.set(`${name}.weight`, [module.out, module.in]);
    if (module.bias) shapes.set(`${name}.bias`, [module.out]);
  }
  return shapes;
}

/**
 * Checks that the tensors that came from `where` are those of the configuration: none missing, none of another shape,
 * none left over that would change the result. Throws WeightsError.
 */
export function checkParameters(source: TensorSource, config: ModelConfig, where: string): void {
  const shapes = parameterShapes(config);
  for (const [name, shape] of shapes) requireTensor(source, name, shape, where);
  for (const name of source.tensors.keys()) {
    const copyOfEmbedding = name === UNEMBEDDING_WEIGHT && config.tie_word_embeddings;
    if (!shapes.has(name) && !copyOfEmbedding && !DERIVED_TENSOR.test(name)) {
      throw new WeightsError(
        `${where}: tensor "${name}" is no part of a ${config.model_type} model of this configuration`,
      );
    }
  }
}
