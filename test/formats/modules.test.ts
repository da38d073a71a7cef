import { describe, expect, test } from 'vitest';
import { parseModelConfig } from '../../src/formats/hf_config.ts';
import { checkParameters, parameterShapes } from '../../src/formats/modules.ts';
import type { TensorSource } from '../../src/formats/tensors.ts';
import type { JsonObject } from '../../src/util/json.ts';

function configOf(fields: JsonObject) {
  return parseModelConfig(
    {
      model_type: 'llama',
      vocab_size: 64,
      hidden_size: 32,
      intermediate_size: 48,
      num_hidden_layers: 1,
      num_attention_heads: 4,
      num_key_value_heads: 2,
      ...fields,
    },
    'config.json',
  );
}

function sourceOf(shapes: ReadonlyMap<string, readonly number[]>): TensorSource {
  return {
    tensors: new Map([...shapes].map(([name, shape]) => [name, { name, dtype: 'F32', shape }])),
    read: (name) => Promise.reject(new Error(`nothing to read in ${name}`)),
  };
}

const lines = (fields: JsonObject): string =>
  [...parameterShapes(configOf(fields))].map(([name, shape]) => `${name} ${shape.join(' x ')}`).join('\n');

// The lists are those of `state_dict()` of the same models in transformers.
describe('parameters', () => {
  test('of a llama', () => {
    expect(lines({})).toMatchInlineSnapshot(`
      "model.embed_tokens.weight 64 x 32
      model.layers.0.input_layernorm.weight 32
      model.layers.0.post_attention_layernorm.weight 32
      model.norm.weight 32
      model.layers.0.self_attn.q_proj.weight 32 x 32
      model.layers.0.self_attn.k_proj.weight 16 x 32
      model.layers.0.self_attn.v_proj.weight 16 x 32
      model.layers.0.self_attn.o_proj.weight 32 x 32
      model.layers.0.mlp.gate_proj.weight 48 x 32
      model.layers.0.mlp.up_proj.weight 48 x 32
      model.layers.0.mlp.down_proj.weight 32 x 48
      lm_head.weight 64 x 32"
    `);
  });

  test('of a llama with all its biases and tied embeddings', () => {
    expect(lines({ attention_bias: true, mlp_bias: true, tie_word_embeddings: true })).toMatchInlineSnapshot(`
      "model.embed_tokens.weight 64 x 32
      model.layers.0.input_layernorm.weight 32
      model.layers.0.post_attention_layernorm.weight 32
      model.norm.weight 32
      model.layers.0.self_attn.q_proj.weight 32 x 32
      model.layers.0.self_attn.q_proj.bias 32
      model.layers.0.self_attn.k_proj.weight 16 x 32
      model.layers.0.self_attn.k_proj.bias 16
      model.layers.0.self_attn.v_proj.weight 16 x 32
      model.layers.0.self_attn.v_proj.bias 16
      model.layers.0.self_attn.o_proj.weight 32 x 32
      model.layers.0.self_attn.o_proj.bias 32
      model.layers.0.mlp.gate_proj.weight 48 x 32
      model.layers.0.mlp.gate_proj.bias 48
      model.layers.0.mlp.up_proj.weight 48 x 32
      model.layers.0.mlp.up_proj.bias 48
      model.layers.0.mlp.down_proj.weight 32 x 48
      model.layers.0.mlp.down_proj.bias 32"
    `);
  });

  test('of a qwen2: no bias on the output projection', () => {
    expect(lines({ model_type: 'qwen2' })).toMatchInlineSnapshot(`
      "model.embed_tokens.weight 64 x 32
      model.layers.0.input_layernorm.weight 32
      model.layers.0.post_attention_layernorm.weight 32
      model.norm.weight 32
      model.layers.0.self_attn.q_proj.weight 32 x 32
      model.layers.0.self_attn.q_proj.bias 32
      model.layers.0.self_attn.k_proj.weight 16 x 32
      model.layers.0.self_attn.k_proj.bias 16
      model.layers.0.self_attn.v_proj.weight 16 x 32
      model.layers.0.self_attn.v_proj.bias 16
      model.layers.0.self_attn.o_proj.weight 32 x 32
      model.layers.0.mlp.gate_proj.weight 48 x 32
      model.layers.0.mlp.up_proj.weight 48 x 32
      model.layers.0.mlp.down_proj.weight 32 x 48
      lm_head.weight 64 x 32"
    `);
  });

  test('of a qwen3: norms of query and key, heads of their own width', () => {
    expect(lines({ model_type: 'qwen3', head_dim: 16 })).toMatchInlineSnapshot(`
      "model.embed_tokens.weight 64 x 32
      model.layers.0.input_layernorm.weight 32
      model.layers.0.post_attention_layernorm.weight 32
      model.layers.0.self_attn.q_norm.weight 16
      model.layers.0.self_attn.k_norm.weight 16
      model.norm.weight 32
      model.layers.0.self_attn.q_proj.weight 64 x 32
      model.layers.0.self_attn.k_proj.weight 32 x 32
      model.layers.0.self_attn.v_proj.weight 32 x 32
      model.layers.0.self_attn.o_proj.weight 32 x 64
      model.layers.0.mlp.gate_proj.weight 48 x 32
      model.layers.0.mlp.up_proj.weight 48 x 32
      model.layers.0.mlp.down_proj.weight 32 x 48
      lm_head.weight 64 x 32"
    `);
  });
});

describe('checking', () => {
  const config = configOf({});
  const shapes = parameterShapes(config);

  test('the parameters of the configuration pass', () => {
    expect(() => checkParameters(sourceOf(shapes), config, 'm')).not.toThrow();
  });

  test('a derived buffer and a copy of a tied embedding pass', () => {
    const tied = configOf({ tie_word_embeddings: true });
    const more = new Map([...shapes, ['model.layers.0.self_attn.rotary_emb.inv_freq', [4]]]);
    expect(() => checkParameters(sourceOf(more), tied, 'm')).not.toThrow();
  });

  test.for<[string, ReadonlyMap<string, readonly number[]>, string]>([
    ['a missing tensor', new Map([...shapes].slice(1)), 'm: no tensor "model.embed_tokens.weight"'],
    [
      'another shape',
      new Map([...shapes, ['lm_head.weight', [32, 64]]]),
      'm: tensor "lm_head.weight": its shape is [32, 64], expected [64, 32]',
    ],
    [
      'another rank',
      new Map([...shapes, ['model.norm.weight', [32, 1]]]),
      'm: tensor "model.norm.weight": its shape is [32, 1], expected [32]',
    ],
    [
      'a part too many',
      new Map([...shapes, ['model.layers.0.self_attn.q_norm.weight', [8]]]),
      'm: tensor "model.layers.0.self_attn.q_norm.weight" is no part of a llama model of this configuration',
    ],
    [
      'a layer too many',
      new Map([...shapes, ['model.layers.1.input_layernorm.weight', [32]]]),
      'm: tensor "model.layers.1.input_layernorm.weight" is no part of a llama model of this configuration',
    ],
  ])('%s does not pass', ([, given, message]) => {
    expect(() => checkParameters(sourceOf(given), config, 'm')).toThrow(message);
  });
});
