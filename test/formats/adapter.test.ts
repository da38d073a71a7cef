import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Adapter, type LoraFactors, readAdapter, writeAdapter } from '../../src/formats/adapter.ts';
import { type ModelConfig, parseModelConfig } from '../../src/formats/hf_config.ts';
import { linearModules } from '../../src/formats/modules.ts';
import { openSafetensors, type TensorToWrite, writeSafetensors } from '../../src/formats/safetensors.ts';
import type { JsonObject } from '../../src/util/json.ts';
import { temporaryDirectory, weightsErrorOf } from './support.ts';

const RANK = 2;
const Q_PROJ = 'model.layers.0.self_attn.q_proj';
const DOWN_PROJ = 'model.layers.1.mlp.down_proj';
const config: ModelConfig = parseModelConfig(
  {
    model_type: 'llama',
    vocab_size: 64,
    hidden_size: 32,
    intermediate_size: 48,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
  },
  'config.json',
);

function factorsOf(name: string): LoraFactors {
  const module = linearModules(config).get(name);
  if (module === undefined) throw new Error(name);
  return {
    A: Float32Array.from({ length: RANK * module.in }, (_, i) => i / 8),
    B: Float32Array.from({ length: module.out * RANK }, (_, i) => -i / 4),
  };
}

function adapterOf(...names: string[]): Adapter {
  return {
    rank: RANK,
    alpha: 32,
    base_model_name_or_path: 'models/tiny',
    factors: new Map(names.map((name) => [name, factorsOf(name)])),
  };
}

async function writtenAdapter(): Promise<string> {
  const directory = join(await temporaryDirectory(), 'adapter');
  await writeAdapter(directory, adapterOf(Q_PROJ, DOWN_PROJ), config);
  return directory;
}

async function targetsOf(...names: string[]): Promise<unknown> {
  const directory = await temporaryDirectory();
  await writeAdapter(directory, adapterOf(...names), config);
  const written: JsonObject = JSON.parse(await readFile(join(directory, 'adapter_config.json'), 'utf8'));
  return written.target_modules;
}

test('what is written is read back', async () => {
  expect(await readAdapter(await writtenAdapter(), config)).toEqual(adapterOf(Q_PROJ, DOWN_PROJ));
});

test('the files are those of PEFT', async () => {
  const directory = await writtenAdapter();
  expect((await readdir(directory)).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
  expect(await readFile(join(directory, 'adapter_config.json'), 'utf8')).toMatchInlineSnapshot(`
    "{
      "peft_type": "LORA",
      "task_type": "CAUSAL_LM",
      "base_model_name_or_path": "models/tiny",
      "r": 2,
      "lora_alpha": 32,
      "lora_dropout": 0,
      "bias": "none",
      "target_modules": [
        "model.layers.0.self_attn.q_proj",
        "model.layers.1.mlp.down_proj"
      ],
      "fan_in_fan_out": false,
      "inference_mode": true
    }
    "
  `);
  const { tensors, metadata } = await openSafetensors(join(directory, 'adapter_model.safetensors'));
  expect(metadata.get('format')).toBe('pt');
  expect([...tensors.values()].map(({ name, shape }) => `${name} ${shape.join(' x ')}`)).toMatchInlineSnapshot(`
    [
      "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight 2 x 32",
      "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight 32 x 2",
      "base_model.model.model.layers.1.mlp.down_proj.lora_A.weight 2 x 48",
      "base_model.model.model.layers.1.mlp.down_proj.lora_B.weight 32 x 2",
    ]
  `);
});

describe('target modules', () => {
  test('are short names when these select exactly the adapted modules', async () => {
    expect(await targetsOf(Q_PROJ, 'model.layers.1.self_attn.q_proj', 'lm_head')).toEqual(['lm_head', 'q_proj']);
  });

  test('are full names when a short one would select more', async () => {
    expect(await targetsOf(Q_PROJ, 'lm_head')).toEqual(['lm_head', Q_PROJ]);
  });
});

describe('refuses to write', () => {
  test('a module that the model has not', async () => {
    const directory = await temporaryDirectory();
    const adapter = { ...adapterOf(), factors: new Map([['model.layers.2.self_attn.q_proj', factorsOf(Q_PROJ)]]) };
    expect(await weightsErrorOf(writeAdapter(directory, adapter, config), directory)).toBe(
      'adapter_model.safetensors: the model has no linear module "model.layers.2.self_attn.q_proj"',
    );
  });

  test('factors of another size, and leaves no file', async () => {
    const directory = await temporaryDirectory();
    const adapter = { ...adapterOf(Q_PROJ), rank: 3 };
    expect(await weightsErrorOf(writeAdapter(directory, adapter, config), directory)).toMatch(
      'lora_A.weight": 64 values do not fill the shape [3, 32]',
    );
    expect(await readdir(directory)).toEqual([]);
  });
});

test('an adapter whose replacement fails half way is no adapter, rather than a mixture', async () => {
  const directory = await writtenAdapter();
  const half = {
    ...adapterOf(Q_PROJ),
    alpha: 1,
    factors: new Map([[Q_PROJ, { ...factorsOf(Q_PROJ), B: new Float32Array(1) }]]),
  };
  await weightsErrorOf(writeAdapter(directory, half, config), directory);
  expect(await weightsErrorOf(readAdapter(directory, config), directory)).toBe('adapter_config.json: no such file');
});

describe('refuses to read', () => {
  async function refusalOfConfig(changes: JsonObject): Promise<string> {
    const directory = await writtenAdapter();
    const path = join(directory, 'adapter_config.json');
    await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...changes }));
    return weightsErrorOf(readAdapter(directory, config), directory);
  }

  test.for<[string, JsonObject, string]>([
    ['another method', { peft_type: 'IA3' }, 'peft_type: "IA3" is not supported, only "LORA"'],
    ['another task', { task_type: 'SEQ_CLS' }, 'task_type: "SEQ_CLS" is not supported, only "CAUSAL_LM"'],
    ['a scale that is neither', { use_rslora: 1 }, 'use_rslora: 1 is neither true nor false'],
    ['decomposed weights', { use_dora: true }, 'use_dora: true is not supported'],
    ['a rank of a module that is none', { rank_pattern: { q_proj: 0.5 } }, 'rank_pattern: 0.5 of "q_proj" is no rank'],
    ['alphas by module that are none', { alpha_pattern: [1] }, 'alpha_pattern: [1] is no mapping of modules'],
    ['whole modules', { modules_to_save: ['lm_head'] }, 'modules_to_save: ["lm_head"] is not supported'],
    ['a rank of zero', { r: 0 }, 'r: expected an integer from 1 to 16777216, not 0'],
    ['a rank too many', { r: 2 ** 40 }, 'r: expected an integer from 1 to 16777216, not 1099511627776'],
    [
      'an alpha that makes infinities',
      { lora_alpha: 1e38 },
      'lora_alpha: expected a number above 0 and at most 1000000000000, not 1e+38',
    ],
    ['no alpha', { lora_alpha: null }, 'lora_alpha: expected a number above 0 and at most 1000000000000, not nothing'],
    ['a base model that is no name', { base_model_name_or_path: 1 }, 'base_model_name_or_path: expected text, not 1'],
  ])('%s', async ([, changes, message]) => {
    expect(await refusalOfConfig(changes)).toBe(`adapter_config.json: ${message}`);
  });

  test('a rank that is not that of the factors', async () => {
    expect(await refusalOfConfig({ r: 4 })).toMatch(/its shape is \[2, (32|48)\], expected \[4, \1\]/);
  });

  test('empty settings of other methods are no reason', async () => {
    const directory = await writtenAdapter();
    const path = join(directory, 'adapter_config.json');
    const extra = { rank_pattern: {}, modules_to_save: null, layer_replication: null, target_parameters: [] };
    await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...extra }));
    expect((await readAdapter(directory, config)).rank).toBe(RANK);
  });

  const key = (module: string, factor: string): string => `base_model.model.${module}.lora_${factor}.weight`;
  const zeros = (name: string, shape: [number, number]): TensorToWrite => {
    return { name, dtype: 'F32', shape, data: new Float32Array(shape[0] * shape[1]) };
  };

  test.for<[string, TensorToWrite[], string]>([
    ['nothing', [], 'no LoRA factors'],
    ['a factor without its other half', [zeros(key(Q_PROJ, 'A'), [RANK, 32])], `no tensor "${key(Q_PROJ, 'B')}"`],
    ['a tensor of another kind', [zeros('model.norm.weight', [1, 1])], 'tensor "model.norm.weight" is no LoRA factor'],
    [
      'a module that the model has not',
      [zeros(key('model.layers.9.mlp.up_proj', 'A'), [RANK, 32])],
      'the model has no linear module "model.layers.9.mlp.up_proj"',
    ],
    [
      'a factor for another width',
      [zeros(key(Q_PROJ, 'A'), [RANK, 33])],
      `tensor "${key(Q_PROJ, 'A')}": its shape is [2, 33], expected [2, 32]`,
    ],
    [
      'values that are not finite',
      [{ ...zeros(key(Q_PROJ, 'A'), [RANK, 32]), data: new Float32Array(64).fill(NaN) }],
      `tensor "${key(Q_PROJ, 'A')}": the value at [0, 0] is NaN; 64 of 64 values are NaN or infinite`,
    ],
  ])('%s', async ([, tensors, message]) => {
    const directory = await writtenAdapter();
    await writeSafetensors(join(directory, 'adapter_model.safetensors'), tensors);
    expect(await weightsErrorOf(readAdapter(directory, config), directory)).toBe(
      `adapter_model.safetensors: ${message}`,
    );
  });

  test('the copy of the output embedding that PEFT adds, when it is of another size', async () => {
    const directory = await writtenAdapter();
    const copy = 'base_model.model.lm_head.base_layer.weight';
    const path = join(directory, 'adapter_model.safetensors');
    const factors = [zeros(key('lm_head', 'A'), [RANK, 32]), zeros(key('lm_head', 'B'), [64, RANK])];
    await writeSafetensors(path, [...factors, zeros(copy, [64, 32])]);
    expect([...(await readAdapter(directory, config)).factors.keys()]).toEqual(['lm_head']);
    await writeSafetensors(path, [...factors, zeros(copy, [65, 32])]);
    expect(await weightsErrorOf(readAdapter(directory, config), directory)).toMatch(
      /its shape is \[65, 32\], expected \[64, 32\]/,
    );
  });

  test('a directory whose writing was cut short before the end', async () => {
    const directory = await temporaryDirectory();
    await writeSafetensors(join(directory, 'adapter_model.safetensors'), [zeros(key(Q_PROJ, 'A'), [RANK, 32])]);
    expect(await weightsErrorOf(readAdapter(directory, config), directory)).toBe('adapter_config.json: no such file');
  });
});
