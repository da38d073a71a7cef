import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type GgufModel, openGgufModel } from '../../src/formats/gguf_model.ts';
import { parseModelConfig } from '../../src/formats/hf_config.ts';
import type { JsonObject } from '../../src/util/json.ts';
import { f32Tensor, ggufBytes, type TensorOfFile, type Value } from '../support/gguf.ts';
import { type Architecture, ggufTensors, HF_CONFIG, metadataOf, parametersOf } from '../support/gguf_model.ts';
import { temporaryDirectory, weightsErrorOf } from './support.ts';

async function open(metadata: Readonly<Record<string, Value>>, tensors: readonly TensorOfFile[]): Promise<GgufModel> {
  const path = join(await temporaryDirectory(), 'x.gguf');
  await writeFile(path, ggufBytes({ metadata, tensors }));
  return openGgufModel(path);
}

describe.for<[Architecture, JsonObject]>([
  ['llama', {}],
  ['llama', { attention_bias: true, mlp_bias: true, tie_word_embeddings: true }],
  ['qwen2', {}],
  ['qwen3', { tie_word_embeddings: true }],
])('%s %j', ([architecture, changes]) => {
  const parameters = parametersOf(architecture, changes);

  test('the configuration is that of config.json', async () => {
    const model = await open(metadataOf(architecture), ggufTensors(architecture, parameters));
    const config = parseModelConfig({ model_type: architecture, eos_token_id: 0, ...HF_CONFIG, ...changes }, 'c');
    expect(model.config).toEqual(config);
  });

  test('every parameter comes back under its Hugging Face name, in its order of rows', async () => {
    const model = await open(metadataOf(architecture), ggufTensors(architecture, parameters));
    expect(new Set(model.tensors.keys())).toEqual(new Set(parameters.keys()));
    for (const [name, { shape, bytes }] of parameters) {
      expect(model.tensors.get(name)).toMatchObject({ name, dtype: 'F32', shape, byteLength: bytes.length });
      expect(Buffer.from((await model.read(name)).buffer)).toEqual(Buffer.from(bytes));
    }
  });
});

const PARAMETERS = ggufTensors('llama', parametersOf('llama'));

test('the tokenizer comes with the model', async () => {
  const { tokenizer, tokenizer_config } = (await open(metadataOf('llama'), PARAMETERS)).tokenizer;
  expect(tokenizer.model).toMatchObject({ type: 'BPE', vocab: { '<end>': 0, a: 1, b: 2, ab: 3 } });
  expect(tokenizer_config.eos_token).toBe('<end>');
});

test('a parameter goes by its Hugging Face name only', async () => {
  await expect((await open(metadataOf('llama'), PARAMETERS)).read('token_embd.weight')).rejects.toThrow(
    'no tensor "token_embd.weight"',
  );
});

test('ends of text, turn and message all end a generation', async () => {
  const ends = { 'tokenizer.ggml.eot_token_id': 2, 'tokenizer.ggml.eom_token_id': 0 };
  expect((await open({ ...metadataOf('llama'), ...ends }, PARAMETERS)).config.eos_token_id).toEqual([0, 2]);
});

describe('rotary scaling', () => {
  const wide = ggufTensors('llama', parametersOf('llama', { head_dim: 8 }));
  const metadata = { ...metadataOf('llama'), 'llama.attention.key_length': 8 };
  // Of the 4 frequencies 5e5^(-i/4), the third makes 1.8 turns in 8192 positions: between kept (4) and stretched (1).
  const share = (8192 / (2 * Math.PI * Math.sqrt(5e5)) - 1) / 3;
  const factors = [1, 1, 1 / (share + (1 - share) / 32), 32];

  test('of Llama 3 is found again from the factors', async () => {
    const { config } = await open(metadata, [...wide, f32Tensor('rope_freqs.weight', [4], factors)]);
    expect(config.rope_scaling).toEqual({
      rope_type: 'llama3',
      factor: 32,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    });
  });

  test.for<[string, number[], string]>([
    ['of another kind', [1, 2, 4, 32], "a scaling of rotary embeddings other than Llama 3's"],
    ['of values that are no numbers', [1, 1, NaN, 32], 'the value at [2] is NaN; 1 of 4 values are NaN or infinite'],
    ['for another width', [1, 32], 'its shape is [2], expected [4]'],
  ])('%s is refused', async ([, given, message]) => {
    const tensor = f32Tensor('rope_freqs.weight', [given.length], given);
    await expect(open(metadata, [...wide, tensor])).rejects.toThrow(`tensor "rope_freqs.weight": ${message}`);
  });

  test.for<[string, Record<string, Value>]>([
    ['now', { 'llama.rope.scaling.type': 'linear', 'llama.rope.scaling.factor': 2 }],
    ['once', { 'llama.rope.scale_linear': 2 }],
  ])('linear, as it is written %s', async ([, linear]) => {
    const { config } = await open({ ...metadataOf('llama'), ...linear }, PARAMETERS);
    expect(config.rope_scaling).toEqual({ rope_type: 'linear', factor: 2 });
  });
});

describe('refuses', () => {
  async function refusalOf(metadata: Record<string, Value>, tensors: readonly TensorOfFile[]): Promise<string> {
    const directory = await temporaryDirectory();
    const path = join(directory, 'x.gguf');
    await writeFile(path, ggufBytes({ metadata, tensors }));
    return weightsErrorOf(openGgufModel(path), directory);
  }

  test.for<[string, Record<string, Value>, string]>([
    [
      'an unknown architecture',
      { 'general.architecture': 'mamba' },
      'general.architecture: unknown architecture "mamba"',
    ],
    ['a number for a name', { 'general.architecture': 1 }, 'general.architecture: expected text, not 1'],
    ['no layers', { 'llama.block_count': 0 }, 'llama.block_count: expected an integer from 1 to 16777216, not 0'],
    [
      'a count of heads for each layer',
      { 'llama.attention.head_count_kv': [1] },
      'llama.attention.head_count_kv: expected an integer from 1 to 16777216, not [1]',
    ],
    [
      'values of another width',
      { 'llama.attention.value_length': 8 },
      'llama.attention.value_length: only 4 is supported',
    ],
    ['partly rotated heads', { 'llama.rope.dimension_count': 2 }, 'llama.rope.dimension_count: only 4 is supported'],
    [
      'sliding windows',
      { 'llama.attention.sliding_window': 32 },
      'llama.attention.sliding_window: sliding-window attention is not supported',
    ],
    ['experts', { 'llama.expert_count': 8 }, 'num_experts: mixture-of-experts models are not supported'],
    [
      'another scaling',
      { 'llama.rope.scaling.type': 'yarn', 'llama.rope.scaling.factor': 4 },
      'rope_scaling: rope_type: unsupported scaling "yarn"',
    ],
    [
      'a token outside the vocabulary',
      { 'tokenizer.ggml.eot_token_id': 4 },
      'eos_token_id: expected token ids below vocab_size 4, not 4',
    ],
    [
      'more tokens than embeddings',
      { 'tokenizer.ggml.tokens': ['<end>', 'a', 'b', 'ab', 'c'] },
      'tokenizer.ggml.tokens has 5 tokens, but token_embd.weight only 4 rows',
    ],
  ])('%s', async ([, changes, message]) => {
    expect(await refusalOf({ ...metadataOf('llama'), ...changes }, PARAMETERS)).toBe(`x.gguf: ${message}`);
  });

  test.for<[string, readonly TensorOfFile[], string]>([
    ['no embedding', PARAMETERS.slice(1), 'no tensor "token_embd.weight"'],
    [
      'a parameter that is missing',
      PARAMETERS.filter(({ name }) => name !== 'blk.0.ffn_up.weight'),
      'no tensor "model.layers.0.mlp.up_proj.weight"',
    ],
    [
      'a tensor of another model',
      [...PARAMETERS, f32Tensor('blk.0.ssm_a.weight', [1], [0])],
      'tensor "blk.0.ssm_a.weight" is no part of a known model',
    ],
    [
      'a tensor named like a method',
      [...PARAMETERS, f32Tensor('constructor.weight', [1], [0])],
      'tensor "constructor.weight" is no part of a known model',
    ],
    [
      'a layer too many',
      [...PARAMETERS, f32Tensor('blk.1.attn_norm.weight', [8], new Float32Array(8))],
      'tensor "model.layers.1.input_layernorm.weight" is no part of a llama model of this configuration',
    ],
  ])('%s', async ([, tensors, message]) => {
    expect(await refusalOf(metadataOf('llama'), tensors)).toBe(`x.gguf: ${message}`);
  });
});
