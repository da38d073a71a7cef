// A GGUF file as the Hugging Face model it was converted from: configuration, parameter names and layout, tokenizer.
// Conversion: https://github.com/ggml-org/llama.cpp/blob/master/convert_hf_to_gguf.py
import { WeightsError } from '../util/errors.ts';
import type { JsonValue } from '../util/json.ts';
import { type GgufFile, openGguf } from './gguf.ts';
import { ggufTokenizer, type HfTokenizerFiles } from './gguf_tokenizer.ts';
import { isModelType, type ModelConfig, parseModelConfig } from './hf_config.ts';
import { describe, type Fields } from './json_fields.ts';
import { checkParameters } from './modules.ts';
import { rotaryFrequencies } from './rotary_frequencies.ts';
import { requireTensor, type StoredTensors, type TensorInfo } from './tensors.ts';

const ROPE_FACTORS = 'rope_freqs.weight';
/** What Llama 3.1 and 3.2 share; only the factor differs between them. */
const LLAMA3_ROPE = { low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 };

const OUTER_NAMES: Readonly<Record<string, string>> = {
  token_embd: 'model.embed_tokens',
  output_norm: 'model.norm',
  output: 'lm_head',
};
/** Inside `blk.N` and `model.layers.N`. */
const LAYER_NAMES: Readonly<Record<string, string>> = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  attn_q_norm: 'self_attn.q_norm',
  attn_k_norm: 'self_attn.k_norm',
  ffn_norm: 'post_attention_layernorm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
};

/** Tensors by their Hugging Face names, each with the blocks that it lies in. */
export interface GgufModel extends StoredTensors {
  readonly path: string;
  readonly config: ModelConfig;
  readonly tokenizer: HfTokenizerFiles;
}

/** Opens a GGUF file of a llama, qwen2 or qwen3 model. Throws WeightsError for anything that is missing, damaged or unknown. */
export async function openGgufModel(path: string): Promise<GgufModel> {
  const file = await openGguf(path);
  const config = await readConfig(file);
  const ggufNames = new Map<string, string>();
  const tensors = new Map<string, TensorInfo>();
  for (const { name: ggufName, ...tensor } of file.tensors.values()) {
    if (ggufName === ROPE_FACTORS) continue;
    const name = huggingFaceName(ggufName);
    if (name === undefined) throw new WeightsError(`${path}: tensor "${ggufName}" is no part of a known model`);
    ggufNames.set(name, ggufName);
    tensors.set(name, { name, ...tensor });
  }
  const source = {
    tensors,
    read: async (name: string) => {
      const ggufName = ggufNames.get(name);
      if (ggufName === undefined) throw new WeightsError(`${path}: no tensor "${name}"`);
      const values = await file.read(ggufName);
      const heads = config.model_type === 'llama' ? rotatedHeads(name, config) : undefined;
      if (heads !== undefined) splitRotaryPairs(values, heads, config.head_dim);
      return values;
    },
  };
  checkParameters(source, config, path);
  const tokenizer = ggufTokenizer(file.metadata);
  if (tokenizer.size > config.vocab_size) {
    throw new WeightsError(
      `${path}: tokenizer.ggml.tokens has ${tokenizer.size} tokens, but token_embd.weight only ${config.vocab_size} rows`,
    );
  }
  return { ...source, path, config, tokenizer };
}

function huggingFaceName(ggufName: string): string | undefined {
  const match = /^(?:blk\.(\d+)\.)?([a-z_]+)\.(weight|bias)$/.exec(ggufName);
  if (match === null) return undefined;
  const [, layer, module, kind] = match;
  const names = layer === undefined ? OUTER_NAMES : LAYER_NAMES;
  if (!Object.hasOwn(names, module)) return undefined;
  return `${layer === undefined ? '' : `model.layers.${layer}.`}${names[module]}.${kind}`;
}

async function readConfig(file: GgufFile): Promise<ModelConfig> {
  const { metadata, tensors, path } = file;
  const type = metadata.text('general.architecture');
  if (type === undefined || !isModelType(type)) {
    throw metadata.error(
      'general.architecture',
      `unknown architecture ${describe(type)}`,
      'Known: llama, qwen2, qwen3.',
    );
  }
  const embedding = tensors.get('token_embd.weight');
  if (embedding === undefined) throw new WeightsError(`${path}: no tensor "token_embd.weight"`);
  const hidden_size = metadata.size(`${type}.embedding_length`);
  const num_attention_heads = metadata.size(`${type}.attention.head_count`);
  const head_dim = metadata.size(`${type}.attention.key_length`, hidden_size / num_attention_heads);
  for (const field of [`${type}.attention.value_length`, `${type}.rope.dimension_count`]) {
    if (metadata.size(field, head_dim) !== head_dim) throw metadata.error(field, `only ${head_dim} is supported`);
  }
  const window = `${type}.attention.sliding_window`;
  if (metadata.has(window)) throw metadata.error(window, 'sliding-window attention is not supported');

  const config = parseModelConfig(
    {
      model_type: type,
      vocab_size: embedding.shape[0],
      hidden_size,
      intermediate_size: metadata.size(`${type}.feed_forward_length`),
      num_hidden_layers: metadata.size(`${type}.block_count`),
      num_attention_heads,
      num_key_value_heads: metadata.size(`${type}.attention.head_count_kv`, num_attention_heads),
      head_dim,
      max_position_embeddings: metadata.size(`${type}.context_length`),
      rms_norm_eps: shortestFloat32(metadata.positive(`${type}.attention.layer_norm_rms_epsilon`)),
      rope_theta: shortestFloat32(metadata.positive(`${type}.rope.freq_base`, 10_000)),
      rope_scaling: ropeScaling(metadata, type),
      num_experts: metadata.value(`${type}.expert_count`) ?? null,
      tie_word_embeddings: !tensors.has('output.weight'),
      attention_bias: tensors.has('blk.0.attn_q.bias'),
      mlp_bias: tensors.has('blk.0.ffn_up.bias'),
      bos_token_id: metadata.value('tokenizer.ggml.bos_token_id') ?? null,
      eos_token_id: endTokens(metadata),
    },
    path,
  );
  return tensors.has(ROPE_FACTORS) ? { ...config, rope_scaling: await llama3Scaling(file, config) } : config;
}

/** The tokens that end a text, a turn and a message. */
function endTokens(metadata: Fields): JsonValue[] {
  const ids = ['eos', 'eot', 'eom'].map((name) => metadata.value(`tokenizer.ggml.${name}_token_id`));
  return [...new Set(ids.filter((id) => id !== undefined))];
}

function ropeScaling(metadata: Fields, type: string): JsonValue {
  const oldKey = `${type}.rope.scale_linear`;
  if (metadata.has(oldKey)) return { rope_type: 'linear', factor: metadata.positive(oldKey) };
  const rope_type = metadata.text(`${type}.rope.scaling.type`) ?? 'none';
  return rope_type === 'none' ? null : { rope_type, factor: metadata.positive(`${type}.rope.scaling.factor`) };
}

/** The file holds by what each frequency is divided, not the settings of config.json that say so: those are found again. */
async function llama3Scaling(file: GgufFile, unscaled: ModelConfig): Promise<ModelConfig['rope_scaling']> {
  requireTensor(file, ROPE_FACTORS, [unscaled.head_dim / 2], file.path);
  const factors = await file.read(ROPE_FACTORS);
  const scaling = { rope_type: 'llama3', factor: Math.max(...factors), ...LLAMA3_ROPE } as const;
  const scaled = rotaryFrequencies({ ...unscaled, rope_scaling: scaling });
  const expected = rotaryFrequencies({ ...unscaled, rope_scaling: null }).map((frequency, i) => frequency / scaled[i]);
  const agree = expected.every((factor, i) => Math.abs(factor - factors[i]) <= 1e-4 * factor);
  if (agree && unscaled.rope_scaling === null) return scaling;
  throw new WeightsError(`${file.path}: tensor "${ROPE_FACTORS}": a scaling of rotary embeddings other than Llama 3's`);
}

/** The decimal number that a float32 was written as: 1e-5, not 9.999999747378752e-6. */
function shortestFloat32(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return value;
}

/** Heads of a projection whose rows llama.cpp keeps in another order, for the rotation of neighbours instead of halves. */
function rotatedHeads(name: string, config: ModelConfig): number | undefined {
  if (name.includes('.self_attn.q_proj.')) return config.num_attention_heads;
  if (name.includes('.self_attn.k_proj.')) return config.num_key_value_heads;
  return undefined;
}

/** Rows x0 y0 x1 y1 … of every head, [heads, head_dim / 2, 2, columns], become x0 x1 … y0 y1 …, in place. */
function splitRotaryPairs(values: Float32Array, heads: number, headDim: number): void {
  const columns = values.length / (heads * headDim);
  for (let h = 0; h < heads; h++) {
    const head = values.subarray(h * headDim * columns, (h + 1) * headDim * columns);
    const pairs = head.slice();
    for (let row = 0; row < headDim; row++) {
      const target = (row >> 1) + (row & 1) * (headDim / 2);
      head.set(pairs.subarray(row * columns, (row + 1) * columns), target * columns);
    }
  }
}
