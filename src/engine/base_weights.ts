// The weights of a base model: which tensors its configuration calls for, and the checked files that hold them.

import { join } from 'node:path';
import { WeightsError } from '../errors.ts';
import type { Graph, Value } from './graph.ts';
import { EMBEDDING, linearModules } from './models/decoder.ts';
import { type ModelConfig, readModelConfig } from './weights/hf_config.ts';
import { type FloatDtype, openSafetensors } from './weights/safetensors.ts';

export interface BaseWeights {
  readonly config: ModelConfig;
  /** Directory that external data of a graph is relative to. */
  readonly directory: string;
  /** Shape of every weight by its Hugging Face name. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** Puts a weight into a graph: mapped from its file, converted to float32 when the session is made. */
  emit(g: Graph, name: string): Value;
  /** A weight in memory, row-major. */
  read(name: string): Promise<Float32Array>;
}

/** Name and shape of every weight that a configuration calls for. */
export function weightShapes(config: ModelConfig): Map<string, number[]> {
  const { hidden_size: D, vocab_size: V, head_dim, model_type } = config;
  const shapes = new Map<string, number[]>([[EMBEDDING, [V, D]]]);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const block = `model.layers.${layer}`;
    shapes.set(`${block}.input_layernorm.weight`, [D]);
    shapes.set(`${block}.post_attention_layernorm.weight`, [D]);
    if (model_type !== 'qwen3') continue;
    shapes.set(`${block}.self_attn.q_norm.weight`, [head_dim]);
    shapes.set(`${block}.self_attn.k_norm.weight`, [head_dim]);
  }
  for (const module of linearModules(config)) {
    shapes.set(`${module.name}.weight`, [module.out, module.in]);
    if (module.bias) shapes.set(`${module.name}.bias`, [module.out]);
  }
  shapes.set('model.norm.weight', [D]);
  if (!config.tie_word_embeddings) shapes.set('lm_head.weight', [V, D]);
  return shapes;
}

const ELEMENT = { F32: 'float32', F16: 'float16', BF16: 'bfloat16' } as const satisfies Record<FloatDtype, string>;

function isFloat(dtype: string): dtype is FloatDtype {
  return dtype in ELEMENT;
}

/** Opens a model directory and checks that every tensor is there with the right shape. Throws WeightsError. */
export async function openBaseWeights(directory: string): Promise<BaseWeights> {
  const config = await readModelConfig(directory);
  const location = 'model.safetensors';
  const file = await openSafetensors(join(directory, location));
  const shapes = weightShapes(config);
  for (const [name, shape] of shapes) {
    const found = file.tensors.get(name);
    if (found === undefined) throw new WeightsError(`${file.path}: there is no tensor "${name}"`);
    if (found.shape.join() !== shape.join()) {
      throw new WeightsError(`${file.path}: "${name}" has shape [${found.shape}], config.json calls for [${shape}]`);
    }
    if (!isFloat(found.dtype))
      throw new WeightsError(`${file.path}: "${name}" is ${found.dtype}, not F32, F16 or BF16`);
  }

  const info = (name: string) => {
    const tensor = file.tensors.get(name);
    if (tensor === undefined || !isFloat(tensor.dtype))
      throw new WeightsError(`${file.path}: there is no tensor "${name}"`);
    return { ...tensor, type: ELEMENT[tensor.dtype] };
  };
  return {
    config,
    directory,
    shapes,
    emit(g, name) {
      const { type, shape, byteOffset: offset, byteLength: length } = info(name);
      const stored = g.initializer({ name, type, dims: [...shape], data: { location, offset, length } });
      return type === 'float32' ? stored : g.node('Cast', [stored], { attributes: { to: 1 } });
    },
    read: (name) => file.read(name),
  };
}

/** A model that exists as a configuration only: its weights are parameters of every graph. */
export function blankWeights(config: ModelConfig): BaseWeights {
  const absent = (name: string) => new WeightsError(`the weights of this model were not loaded: "${name}"`);
  return {
    config,
    directory: '',
    shapes: weightShapes(config),
    emit(_g, name) {
      throw absent(name);
    },
    read: (name) => Promise.reject(absent(name)),
  };
}
