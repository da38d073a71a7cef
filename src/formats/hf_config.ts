// config.json of a Hugging Face model directory, as a validated configuration with every default filled in.
// Field names and defaults: transformers, configuration_llama.py, configuration_qwen2.py, configuration_qwen3.py.
import { join } from 'node:path';
import type { JsonObject } from '../util/json.ts';
import { isFile, readJsonFile, replaceJsonFile } from './files.ts';
import { describe, Fields } from './json_fields.ts';

export type ModelType = 'llama' | 'qwen2' | 'qwen3';

const ARCHITECTURES: Readonly<Record<ModelType, string>> = {
  llama: 'LlamaForCausalLM',
  qwen2: 'Qwen2ForCausalLM',
  qwen3: 'Qwen3ForCausalLM',
};
const DEFAULT_MAX_POSITION_EMBEDDINGS: Readonly<Record<ModelType, number>> = {
  llama: 2048,
  qwen2: 32768,
  qwen3: 32768,
};
const QWEN3_HEAD_DIM = 128;

/** Far above any model: a hostile count is refused before anything is made for each layer. */
const MAX_LAYERS = 10_000;
/** Of the longest contexts there are. Tables of rotary embeddings have a row for each position. */
const MAX_POSITIONS = 2 ** 20;

type RopeScaling =
  | { readonly rope_type: 'linear'; readonly factor: number }
  | {
      readonly rope_type: 'llama3';
      readonly factor: number;
      readonly low_freq_factor: number;
      readonly high_freq_factor: number;
      readonly original_max_position_embeddings: number;
    };

/** What the forward pass of a model depends on, in the words of its config.json. */
export interface ModelConfig {
  readonly model_type: ModelType;
  readonly vocab_size: number;
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_hidden_layers: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim: number;
  readonly max_position_embeddings: number;
  readonly rms_norm_eps: number;
  readonly rope_theta: number;
  readonly rope_scaling: RopeScaling | null;
  readonly hidden_act: 'silu';
  readonly tie_word_embeddings: boolean;
  /** Biases on the query, key and value projections; on the output projection too, but for qwen2, which never has it. */
  readonly attention_bias: boolean;
  readonly mlp_bias: boolean;
  readonly bos_token_id: number | null;
  /** Every token that ends a generation, as generation_config.json lists them, else config.json. */
  readonly eos_token_id: readonly number[];
}

/** Reads config.json of a model directory, and generation_config.json where there is one. Throws WeightsError. */
export async function readModelConfig(directory: string): Promise<ModelConfig> {
  const path = join(directory, 'config.json');
  const config = parseModelConfig(await readJsonFile(path), path);
  const generationPath = join(directory, 'generation_config.json');
  if (!(await isFile(generationPath))) return config;
  const generation = new Fields(await readJsonFile(generationPath), generationPath);
  return generation.has('eos_token_id')
    ? { ...config, eos_token_id: tokenIds(generation, 'eos_token_id', config.vocab_size) }
    : config;
}

/** Validates the content of a config.json that came from `source`. Throws WeightsError naming source and field. */
export function parseModelConfig(json: JsonObject, source: string): ModelConfig {
  const fields = new Fields(json, source);
  const model_type = parseModelType(fields);
  refuseUnsupported(fields, model_type);

  const hidden_size = fields.size('hidden_size');
  const num_attention_heads = fields.size('num_attention_heads');
  const num_key_value_heads = fields.size('num_key_value_heads', num_attention_heads);
  if (num_attention_heads % num_key_value_heads !== 0) {
    throw fields.error('num_key_value_heads', `${num_key_value_heads} does not divide ${num_attention_heads} heads`);
  }
  const head_dim = parseHeadDim(fields, model_type, hidden_size, num_attention_heads);
  const vocab_size = fields.size('vocab_size');
  const bosTokenIds = tokenIds(fields, 'bos_token_id', vocab_size);
  if (bosTokenIds.length > 1) throw fields.error('bos_token_id', 'more than one is not supported');
  return {
    model_type,
    vocab_size,
    hidden_size,
    intermediate_size: fields.size('intermediate_size'),
    num_hidden_layers: fields.size('num_hidden_layers', undefined, MAX_LAYERS),
    num_attention_heads,
    num_key_value_heads,
    head_dim,
    max_position_embeddings: fields.size(
      'max_position_embeddings',
      DEFAULT_MAX_POSITION_EMBEDDINGS[model_type],
      MAX_POSITIONS,
    ),
    rms_norm_eps: fields.positive('rms_norm_eps', 1e-6, { max: 1 }),
    ...parseRope(fields),
    hidden_act: 'silu',
    tie_word_embeddings: fields.flag('tie_word_embeddings'),
    attention_bias: model_type === 'qwen2' || fields.flag('attention_bias'),
    mlp_bias: model_type === 'llama' && fields.flag('mlp_bias'),
    bos_token_id: bosTokenIds[0] ?? null,
    eos_token_id: tokenIds(fields, 'eos_token_id', vocab_size),
  };
}

/** The config.json that makes transformers load a model of this configuration. `dtype` is that of the stored weights. */
function modelConfigJson(config: ModelConfig, dtype: 'float32' | 'float16' | 'bfloat16'): JsonObject {
  const { rope_scaling, eos_token_id, ...fields } = config;
  return {
    architectures: [ARCHITECTURES[config.model_type]],
    ...fields,
    rope_scaling: rope_scaling === null ? null : { ...rope_scaling },
    eos_token_id: eos_token_id.length === 0 ? null : eos_token_id.length === 1 ? eos_token_id[0] : [...eos_token_id],
    torch_dtype: dtype,
  };
}

/** Writes config.json into an existing directory. */
export async function writeModelConfig(
  directory: string,
  config: ModelConfig,
  dtype: 'float32' | 'float16' | 'bfloat16',
): Promise<void> {
  await replaceJsonFile(join(directory, 'config.json'), modelConfigJson(config, dtype));
}

function parseModelType(fields: Fields): ModelType {
  const architectures = fields.value('architectures');
  const architecture = Array.isArray(architectures) ? architectures[0] : undefined;
  const known = Object.entries(ARCHITECTURES).map(([type, name]) => ({ type, name }));
  const modelType = fields.value('model_type');
  const match = known.find(({ type, name }) =>
    architecture === undefined ? type === modelType : name === architecture,
  );
  if (match === undefined || !isModelType(match.type)) {
    const given = architecture ?? modelType;
    throw fields.error(
      architecture === undefined ? 'model_type' : 'architectures',
      given === undefined ? 'missing' : `unknown architecture ${JSON.stringify(given)}`,
      `Known: ${known.map(({ name }) => name).join(', ')}.`,
    );
  }
  if (modelType !== undefined && modelType !== match.type) {
    throw fields.error('model_type', `${JSON.stringify(modelType)} contradicts architecture ${match.name}`);
  }
  return match.type;
}

/** Width of one attention head: given, fixed by the family, or an equal share of the hidden size. */
function parseHeadDim(fields: Fields, modelType: ModelType, hiddenSize: number, heads: number): number {
  const given = fields.has('head_dim') || modelType === 'qwen3';
  if (!given && hiddenSize % heads !== 0) {
    throw fields.error('num_attention_heads', `${heads} does not divide hidden_size ${hiddenSize}`);
  }
  const headDim = fields.size('head_dim', modelType === 'qwen3' ? QWEN3_HEAD_DIM : hiddenSize / heads);
  if (headDim % 2 !== 0) throw fields.error('head_dim', `must be even for rotary embeddings, not ${headDim}`);
  return headDim;
}

export function isModelType(value: string): value is ModelType {
  return Object.hasOwn(ARCHITECTURES, value);
}

/** Settings that change the result and that the engine does not compute: better no model than a wrong one. */
function refuseUnsupported(fields: Fields, modelType: ModelType): void {
  const activation = fields.value('hidden_act') ?? 'silu';
  if (activation !== 'silu')
    throw fields.error('hidden_act', `only silu is supported, not ${JSON.stringify(activation)}`);
  if (fields.has('quantization_config')) {
    throw fields.error(
      'quantization_config',
      'quantised weights are not supported in this format',
      'Use the model in F32, F16 or BF16, or as a GGUF file.',
    );
  }
  for (const field of ['num_experts', 'num_local_experts']) {
    if (fields.has(field) && fields.value(field) !== 0)
      throw fields.error(field, 'mixture-of-experts models are not supported');
  }
  if (modelType !== 'llama' && fields.flag('use_sliding_window')) {
    throw fields.error('use_sliding_window', 'sliding-window attention is not supported');
  }
  const layerTypes = fields.value('layer_types');
  if (Array.isArray(layerTypes) && layerTypes.some((type) => type !== 'full_attention')) {
    throw fields.error('layer_types', 'only full_attention is supported');
  }
  if (fields.has('attention_dropout') && fields.value('attention_dropout') !== 0) {
    throw fields.error('attention_dropout', 'dropout is not supported');
  }
}

/** Rotary embedding settings: one `rope_parameters` in newer files, `rope_theta` and `rope_scaling` in older ones. */
function parseRope(fields: Fields): Pick<ModelConfig, 'rope_theta' | 'rope_scaling'> {
  if (fields.has('rope_parameters') && fields.has('rope_scaling')) {
    throw fields.error('rope_scaling', 'given beside rope_parameters, which replaced it', 'Remove one of the two.');
  }
  const scaling = fields.section('rope_parameters') ?? fields.section('rope_scaling');
  for (const holder of [fields, scaling]) {
    if (holder?.has('partial_rotary_factor') && holder.value('partial_rotary_factor') !== 1) {
      throw holder.error('partial_rotary_factor', 'only 1 is supported');
    }
  }
  return {
    rope_theta: (scaling?.has('rope_theta') ? scaling : fields).positive('rope_theta', 10_000, { min: 1 }),
    rope_scaling: scaling === undefined ? null : parseRopeScaling(scaling),
  };
}

function parseRopeScaling(fields: Fields): RopeScaling | null {
  const rope_type = fields.value('rope_type') ?? fields.value('type') ?? 'default';
  if (rope_type === 'default') return null;
  if (rope_type === 'linear') return { rope_type, factor: fields.positive('factor') };
  if (rope_type !== 'llama3') {
    throw fields.error('rope_type', `unsupported scaling ${describe(rope_type)}`, 'Known: default, linear, llama3.');
  }
  const low_freq_factor = fields.positive('low_freq_factor');
  const high_freq_factor = fields.positive('high_freq_factor');
  if (low_freq_factor >= high_freq_factor) {
    throw fields.error('high_freq_factor', `${high_freq_factor} must be above low_freq_factor ${low_freq_factor}`);
  }
  return {
    rope_type,
    factor: fields.positive('factor'),
    low_freq_factor,
    high_freq_factor,
    original_max_position_embeddings: fields.size('original_max_position_embeddings'),
  };
}

/** One token id or a list of them; empty when absent. */
function tokenIds(fields: Fields, field: string, vocabSize: number): readonly number[] {
  const value = fields.value(field) ?? [];
  return (Array.isArray(value) ? value : [value]).map((id) => {
    if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id < vocabSize) return id;
    throw fields.error(field, `expected token ids below vocab_size ${vocabSize}, not ${describe(id)}`);
  });
}
