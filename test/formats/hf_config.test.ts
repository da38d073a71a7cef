import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseModelConfig, readModelConfig, writeModelConfig } from '../../src/formats/hf_config.ts';
import { WeightsError } from '../../src/util/errors.ts';
import type { JsonObject, JsonValue } from '../../src/util/json.ts';
import { SEED } from './fuzzing.ts';
import { temporaryDirectory, weightsErrorOf } from './support.ts';

const LLAMA: JsonObject = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: 64,
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 4,
};
const QWEN2: JsonObject = { ...LLAMA, architectures: ['Qwen2ForCausalLM'], model_type: 'qwen2' };
const QWEN3: JsonObject = { ...LLAMA, architectures: ['Qwen3ForCausalLM'], model_type: 'qwen3' };
const LLAMA3_ROPE: JsonObject = {
  rope_type: 'llama3',
  factor: 32,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 8192,
};

function parse(json: JsonObject) {
  return parseModelConfig(json, 'config.json');
}

function refusalOf(json: JsonObject): string {
  try {
    parse(json);
  } catch (error) {
    if (error instanceof WeightsError) return error.message;
    throw error;
  }
  throw new Error('it passed');
}

describe('defaults', () => {
  test('of a llama', () => {
    expect(parse(LLAMA)).toMatchInlineSnapshot(`
      {
        "attention_bias": false,
        "bos_token_id": null,
        "eos_token_id": [],
        "head_dim": 8,
        "hidden_act": "silu",
        "hidden_size": 32,
        "intermediate_size": 48,
        "max_position_embeddings": 2048,
        "mlp_bias": false,
        "model_type": "llama",
        "num_attention_heads": 4,
        "num_hidden_layers": 2,
        "num_key_value_heads": 4,
        "rms_norm_eps": 0.000001,
        "rope_scaling": null,
        "rope_theta": 10000,
        "tie_word_embeddings": false,
        "vocab_size": 64,
      }
    `);
  });

  test('of a qwen2: biases on query, key and value', () => {
    expect(parse(QWEN2)).toMatchObject({ model_type: 'qwen2', attention_bias: true, mlp_bias: false, head_dim: 8 });
  });

  test('of a qwen3: heads of 128, whatever the hidden size', () => {
    expect(parse(QWEN3)).toMatchObject({ model_type: 'qwen3', attention_bias: false, head_dim: 128 });
    expect(parse({ ...QWEN3, head_dim: 16 })).toMatchObject({ head_dim: 16 });
  });

  test('null counts as absent', () => {
    const nulls = {
      num_key_value_heads: null,
      head_dim: null,
      rope_scaling: null,
      quantization_config: null,
      sliding_window: null,
    };
    expect(parse({ ...LLAMA, ...nulls })).toEqual(parse(LLAMA));
  });

  test('the architecture alone, or the model type alone, is enough', () => {
    const { architectures: _architectures, ...byType } = QWEN3;
    const { model_type: _modelType, ...byArchitecture } = QWEN3;
    expect(parse(byType)).toEqual(parse(QWEN3));
    expect(parse(byArchitecture)).toEqual(parse(QWEN3));
  });
});

describe('rotary embeddings', () => {
  test('older and newer spelling mean the same', () => {
    const older = parse({ ...LLAMA, rope_theta: 5e5, rope_scaling: LLAMA3_ROPE });
    const newer = parse({ ...LLAMA, rope_parameters: { ...LLAMA3_ROPE, rope_theta: 5e5 } });
    expect(newer).toEqual(older);
    expect(older).toMatchObject({ rope_theta: 5e5, rope_scaling: LLAMA3_ROPE });
  });

  test('linear scaling, under its oldest name', () => {
    expect(parse({ ...LLAMA, rope_scaling: { type: 'linear', factor: 2 } }).rope_scaling).toEqual({
      rope_type: 'linear',
      factor: 2,
    });
  });

  test('the default type is no scaling', () => {
    const config = parse({ ...LLAMA, rope_parameters: { rope_type: 'default', rope_theta: 1e6 } });
    expect(config).toMatchObject({ rope_theta: 1e6, rope_scaling: null });
  });
});

test.for<[string, JsonObject, string]>([
  [
    'an unknown architecture',
    { ...LLAMA, architectures: ['MambaForCausalLM'] },
    'architectures: unknown architecture "MambaForCausalLM"',
  ],
  [
    'a classifier',
    { ...LLAMA, architectures: ['LlamaForSequenceClassification'] },
    'architectures: unknown architecture "LlamaForSequenceClassification"',
  ],
  ['neither architecture nor type', {}, 'model_type: missing'],
  ['a type named like a method', { model_type: 'constructor' }, 'model_type: unknown architecture "constructor"'],
  [
    'architecture against type',
    { ...LLAMA, model_type: 'qwen2' },
    'model_type: "qwen2" contradicts architecture LlamaForCausalLM',
  ],
  [
    'a missing size',
    { ...LLAMA, hidden_size: null },
    'hidden_size: expected an integer from 1 to 16777216, not nothing',
  ],
  ['a size of zero', { ...LLAMA, vocab_size: 0 }, 'vocab_size: expected an integer from 1 to 16777216, not 0'],
  ['a size as text', { ...LLAMA, vocab_size: '64' }, 'vocab_size: expected an integer from 1 to 16777216, not "64"'],
  [
    'a fraction of a layer',
    { ...LLAMA, num_hidden_layers: 1.5 },
    'num_hidden_layers: expected an integer from 1 to 10000, not 1.5',
  ],
  [
    'a million layers',
    { ...LLAMA, num_hidden_layers: 1e6 },
    'num_hidden_layers: expected an integer from 1 to 10000, not 1000000',
  ],
  ['uneven groups of heads', { ...LLAMA, num_key_value_heads: 3 }, 'num_key_value_heads: 3 does not divide 4 heads'],
  ['uneven heads', { ...LLAMA, num_attention_heads: 5 }, 'num_attention_heads: 5 does not divide hidden_size 32'],
  ['an odd head', { ...LLAMA, head_dim: 7 }, 'head_dim: must be even for rotary embeddings, not 7'],
  ['a negative size', { ...LLAMA, hidden_size: -32 }, 'hidden_size: expected an integer from 1 to 16777216, not -32'],
  [
    'a size that no number holds',
    { ...LLAMA, vocab_size: 1e300 },
    'vocab_size: expected an integer from 1 to 16777216, not 1e+300',
  ],
  [
    'no heads of keys',
    { ...LLAMA, num_key_value_heads: 0 },
    'num_key_value_heads: expected an integer from 1 to 16777216, not 0',
  ],
  [
    'more heads of keys than heads',
    { ...LLAMA, num_key_value_heads: 8 },
    'num_key_value_heads: 8 does not divide 4 heads',
  ],
  ['half a head', { ...LLAMA, head_dim: 0.5 }, 'head_dim: expected an integer from 1 to 16777216, not 0.5'],
  [
    'a context of nothing',
    { ...LLAMA, max_position_embeddings: 0 },
    'max_position_embeddings: expected an integer from 1 to 1048576, not 0',
  ],
  [
    'a context that no table of positions can be made for',
    { ...LLAMA, max_position_embeddings: 2 ** 24 },
    'max_position_embeddings: expected an integer from 1 to 1048576, not 16777216',
  ],
  ['an epsilon of zero', { ...LLAMA, rms_norm_eps: 0 }, 'rms_norm_eps: expected a number above 0 and at most 1, not 0'],
  [
    'an epsilon that is zero in float32',
    { ...LLAMA, rms_norm_eps: 1e-50 },
    'rms_norm_eps: 1e-50 is 0 in float32, expected a number above 0 and at most 1',
  ],
  [
    'an epsilon that drowns the values',
    { ...LLAMA, rms_norm_eps: 1e300 },
    'rms_norm_eps: expected a number above 0 and at most 1, not 1e+300',
  ],
  [
    'frequencies that grow instead of fall',
    { ...LLAMA, rope_theta: 1e-300 },
    'rope_theta: expected a number from 1 to 1000000000000, not 1e-300',
  ],
  ['another activation', { ...LLAMA, hidden_act: 'gelu' }, 'hidden_act: only silu is supported, not "gelu"'],
  [
    'quantised weights',
    { ...LLAMA, quantization_config: { bits: 4 } },
    'quantization_config: quantised weights are not supported in this format',
  ],
  ['experts', { ...LLAMA, num_local_experts: 8 }, 'num_local_experts: mixture-of-experts models are not supported'],
  [
    'sliding windows',
    { ...QWEN2, use_sliding_window: true },
    'use_sliding_window: sliding-window attention is not supported',
  ],
  [
    'sliding layers',
    { ...QWEN3, layer_types: ['full_attention', 'sliding_attention'] },
    'layer_types: only full_attention is supported',
  ],
  ['dropout', { ...LLAMA, attention_dropout: 0.1 }, 'attention_dropout: dropout is not supported'],
  [
    'a flag as text',
    { ...LLAMA, tie_word_embeddings: 'yes' },
    'tie_word_embeddings: expected true or false, not "yes"',
  ],
  [
    'another scaling',
    { ...LLAMA, rope_scaling: { rope_type: 'yarn', factor: 4 } },
    'rope_scaling: rope_type: unsupported scaling "yarn"',
  ],
  [
    'scaling without a factor',
    { ...LLAMA, rope_scaling: { rope_type: 'linear' } },
    'rope_scaling: factor: expected a number above 0 and at most 1000000000000, not nothing',
  ],
  ['scaling that is no object', { ...LLAMA, rope_scaling: 'linear' }, 'rope_scaling: expected an object, not "linear"'],
  [
    'llama3 factors the wrong way round',
    { ...LLAMA, rope_scaling: { ...LLAMA3_ROPE, low_freq_factor: 4 } },
    'rope_scaling: high_freq_factor: 4 must be above low_freq_factor 4',
  ],
  [
    'both spellings of rope',
    { ...LLAMA, rope_scaling: LLAMA3_ROPE, rope_parameters: LLAMA3_ROPE },
    'rope_scaling: given beside rope_parameters, which replaced it',
  ],
  ['partly rotated heads', { ...LLAMA, partial_rotary_factor: 0.5 }, 'partial_rotary_factor: only 1 is supported'],
  [
    'a token outside the vocabulary',
    { ...LLAMA, eos_token_id: [2, 64] },
    'eos_token_id: expected token ids below vocab_size 64, not 64',
  ],
  ['two first tokens', { ...LLAMA, bos_token_id: [1, 2] }, 'bos_token_id: more than one is not supported'],
])('refuses %s', ([, json, message]) => {
  expect(refusalOf(json)).toBe(`config.json: ${message}`);
});

test('an unknown architecture is told the known ones', () => {
  expect(() => parse({ architectures: ['X'] })).toThrow(
    expect.objectContaining({ hint: 'Known: LlamaForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM.' }),
  );
});

test('whatever a field holds, the answer is a configuration or a WeightsError', () => {
  const fields = [
    'rope_scaling',
    'rope_parameters',
    'rope_theta',
    'eos_token_id',
    'layer_types',
    'num_experts',
    'mlp_bias',
  ];
  const anything = fc.jsonValue().map((value): JsonValue => JSON.parse(JSON.stringify(value)));
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(LLAMA), ...fields), anything, (field, value) => {
      try {
        parse({ ...LLAMA, [field]: value });
      } catch (error) {
        if (!(error instanceof WeightsError)) throw error;
      }
    }),
    { seed: SEED, numRuns: 1000 },
  );
});

describe('in a directory', () => {
  async function directoryWith(files: Record<string, string>): Promise<string> {
    const directory = await temporaryDirectory();
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
    return directory;
  }

  test('the end tokens of generation_config.json go before those of config.json', async () => {
    const config = JSON.stringify({ ...LLAMA, bos_token_id: 1, eos_token_id: 2 });
    const without = await directoryWith({ 'config.json': config });
    const withList = await directoryWith({
      'config.json': config,
      'generation_config.json': '{"eos_token_id": [2, 5]}',
    });
    const withNone = await directoryWith({ 'config.json': config, 'generation_config.json': '{"do_sample": true}' });
    expect(await readModelConfig(without)).toMatchObject({ bos_token_id: 1, eos_token_id: [2] });
    expect(await readModelConfig(withList)).toMatchObject({ eos_token_id: [2, 5] });
    expect(await readModelConfig(withNone)).toMatchObject({ eos_token_id: [2] });
  });

  test.for<[string, Record<string, string>, string]>([
    ['without config.json', {}, 'config.json: no such file'],
    [
      'with text that is no JSON',
      { 'config.json': '{' },
      "config.json: not valid JSON: Expected property name or '}' in JSON at position 1",
    ],
    ['with a key twice', { 'config.json': '{"a":1,"a":2}' }, 'config.json: not valid JSON: duplicate key "a"'],
    ['with a list', { 'config.json': '[]' }, 'config.json: expected a JSON object'],
    [
      'with a generation_config.json of nonsense',
      { 'config.json': JSON.stringify(LLAMA), 'generation_config.json': '{"eos_token_id":-1}' },
      'generation_config.json: eos_token_id: expected token ids below vocab_size 64, not -1',
    ],
  ])('%s', async ([, files, message]) => {
    const directory = await directoryWith(files);
    expect(await weightsErrorOf(readModelConfig(directory), directory)).toContain(message);
  });

  test('with more text than a configuration can have, which is not even read', async () => {
    const directory = await directoryWith({ 'config.json': '{}' });
    await truncate(join(directory, 'config.json'), 2 ** 25 + 1);
    expect(await weightsErrorOf(readModelConfig(directory), directory)).toBe(
      'config.json: 33554433 bytes are too many for a JSON file of a model; at most 33554432 are read',
    );
  });

  test('with lists nested beyond any use', async () => {
    const directory = await directoryWith({ 'config.json': `{"a":${'['.repeat(200_000)}` });
    expect(await weightsErrorOf(readModelConfig(directory), directory)).toBe(
      'config.json: not valid JSON: nested deeper than 64 levels',
    );
  });

  test.for([
    { ...LLAMA, eos_token_id: 2, tie_word_embeddings: true, rope_theta: 5e5, rope_scaling: LLAMA3_ROPE },
    { ...QWEN2, eos_token_id: [2, 3], num_key_value_heads: 2 },
    { ...QWEN3, head_dim: 16, attention_bias: true },
  ])('a $model_type that is written reads the same', async (json) => {
    const directory = await temporaryDirectory();
    const config = parse(json);
    await writeModelConfig(directory, config, 'float32');
    expect(await readModelConfig(directory)).toEqual(config);
  });
});

test('the written config.json', async () => {
  const directory = await temporaryDirectory();
  await writeModelConfig(directory, parse({ ...LLAMA, bos_token_id: 1, eos_token_id: 2 }), 'bfloat16');
  expect(await readFile(join(directory, 'config.json'), 'utf8')).toMatchInlineSnapshot(`
    "{
      "architectures": [
        "LlamaForCausalLM"
      ],
      "model_type": "llama",
      "vocab_size": 64,
      "hidden_size": 32,
      "intermediate_size": 48,
      "num_hidden_layers": 2,
      "num_attention_heads": 4,
      "num_key_value_heads": 4,
      "head_dim": 8,
      "max_position_embeddings": 2048,
      "rms_norm_eps": 0.000001,
      "rope_theta": 10000,
      "hidden_act": "silu",
      "tie_word_embeddings": false,
      "attention_bias": false,
      "mlp_bias": false,
      "bos_token_id": 1,
      "rope_scaling": null,
      "eos_token_id": 2,
      "torch_dtype": "bfloat16"
    }
    "
  `);
});
