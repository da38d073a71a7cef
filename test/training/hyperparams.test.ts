// Learning rates against the values of the Python cookbook, and sizes against what the engine and the files really hold.

import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openLocalService } from '../../src/engine/engine.ts';
import { openSafetensors } from '../../src/formats/safetensors.ts';
import { elementCount } from '../../src/formats/tensors.ts';
import {
  getFullFinetuneLrMultiplier,
  getFullFinetuneParamCount,
  getLoraLrMultiplier,
  getLoraLrOverFullFinetuneLr,
  getLoraParamCount,
  getLr,
} from '../../src/training/hyperparams.ts';
import { type LrSchedule, lrMultiplier } from '../../src/training/lr_schedule.ts';
import { ConfigurationError } from '../../src/util/errors.ts';
import { workspace } from '../spec/workspace.ts';

const TINY = join(import.meta.dirname, '../../example_data/models/tiny');

interface Case {
  id: string;
  fn: string;
  input: { model: string; is_lora: boolean; schedule: LrSchedule; step: number; total: number };
  output: number | string;
}

const { cases }: { cases: Case[] } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'golden/learning_rates.json'), 'utf8'),
);

describe('values of the Python cookbook', () => {
  test.each(cases)('$id', async ({ fn, input, output }) => {
    if (fn === 'lr_multiplier') {
      expect(lrMultiplier(input.schedule, input.step, input.total)).toBeCloseTo(Number(output), 6);
      return;
    }
    const asked = getLr(input.model, { isLora: input.is_lora });
    if (typeof output === 'string') await expect(asked).rejects.toThrow(ConfigurationError);
    else expect((await asked) / output).toBeCloseTo(1, 6);
  });
});

test('the rate of a model in a directory goes by its config.json', async () => {
  expect(await getLr(TINY)).toBeCloseTo(5e-4 * (2000 / 192) ** 0.781, 10);
  const directory = await workspace({
    'config.json': '{"model_type": "qwen3_5", "text_config": {"hidden_size": 2560}}',
  });
  expect(await getLr(directory)).toBe(await getLr('Qwen/Qwen3.5-4B:peft:65536'));
  await writeFile(join(directory, 'config.json'), '{"model_type": "mamba", "hidden_size": 64}');
  await expect(getLr(directory)).rejects.toThrow('no learning rate has been calibrated');
});

test('no rate is given for a model that is not there', async () => {
  await expect(getLr('nowhere')).rejects.toThrow('model nowhere: there is no such directory or file');
});

describe('parameters of an adapter', () => {
  test('are those that the engine creates', async () => {
    for (const parts of [{}, { train_unembed: false }, { train_mlp: false, train_attn: false }]) {
      const directory = await workspace({});
      const service = openLocalService({ checkpoints: directory, threads: 1, microbatchTokens: 64, seed: 0 });
      try {
        const client = await service.createLoraTrainingClient({ base_model: TINY, rank: 4, ...parts });
        await (await client.saveWeightsForSampler('fresh')).result();
        const saved = join(directory, 'sampler_weights/fresh/adapter_model.safetensors');
        const { tensors } = await openSafetensors(saved);
        const created = [...tensors.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0);
        expect(await getLoraParamCount(TINY, 4, parts)).toBe(created);
      } finally {
        await service.close();
      }
    }
  });

  test.each([
    ['Qwen/Qwen3-8B', [4096, 12288, 36, 32, 8, 128, 151936]],
    ['Qwen/Qwen3-32B', [5120, 25600, 64, 64, 8, 128, 151936]],
    ['Qwen/Qwen3-4B-Instruct-2507', [2560, 9728, 36, 32, 8, 128, 151936]],
    ['meta-llama/Llama-3.2-1B', [2048, 8192, 16, 32, 8, 64, 128256]],
    ['meta-llama/Llama-3.2-3B', [3072, 8192, 28, 24, 8, 128, 128256]],
    ['meta-llama/Llama-3.1-8B', [4096, 14336, 32, 32, 8, 128, 128256]],
    ['meta-llama/Llama-3.1-70B', [8192, 28672, 80, 64, 8, 128, 128256]],
  ])('of %s in the table are those of its shapes', async (model, shapes) => {
    const [hidden_size, intermediate_size, num_hidden_layers, heads, num_key_value_heads, head_dim, vocab_size] =
      shapes;
    const decoder = { hidden_size, intermediate_size, num_hidden_layers, num_attention_heads: heads };
    const config = { model_type: 'qwen3', ...decoder, num_key_value_heads, head_dim, vocab_size };
    const directory = await workspace({ 'config.json': JSON.stringify(config) });
    for (const parts of [{}, { train_mlp: false }, { train_attn: false }, { train_unembed: false }]) {
      expect(await getLoraParamCount(model, 8, parts)).toBe(await getLoraParamCount(directory, 8, parts));
    }
  });

  test('of other models of the table are those that are published', async () => {
    expect(await getLoraParamCount('zai-org/GLM-5.3:peft:262144', 2, { train_mlp: false })).toBe(
      2 * (2_920_320 + 161_024),
    );
    await expect(getLoraParamCount('openai/gpt-oss-20b', 8)).rejects.toThrow(
      'the shapes of openai/gpt-oss-20b are not known here',
    );
    await expect(getLoraParamCount(TINY, 0)).rejects.toThrow('rank must be a whole number ≥ 1, not 0');
  });
});

test('parameters of a whole model are counted in its files', async () => {
  const { tensors } = await openSafetensors(join(TINY, 'model.safetensors'));
  const count = [...tensors.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0);
  expect(await getFullFinetuneParamCount(TINY)).toBe(count);
  expect(await getFullFinetuneLrMultiplier(TINY)).toBe(1 / Math.sqrt(count));
  expect(await getLoraLrMultiplier(TINY)).toBe(10 / Math.sqrt(count));
  expect(getLoraLrOverFullFinetuneLr()).toBe(10);
  await expect(getFullFinetuneParamCount('Qwen/Qwen3-8B')).rejects.toThrow('Qwen/Qwen3-8B is no model directory');
});
