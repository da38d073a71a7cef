// Adapters that other tools made: whatever scale they have and whichever layers they adapt.

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLocalService } from '../../src/engine/engine.ts';
import type { LocalServiceClient } from '../../src/engine/service.ts';
import { exportWeights } from '../../src/export/export.ts';
import { type LoraFactors, writeAdapter } from '../../src/formats/adapter.ts';
import { readModelConfig } from '../../src/formats/hf_config.ts';
import { linearModules } from '../../src/formats/modules.ts';
import { openSafetensors } from '../../src/formats/safetensors.ts';
import { modelInputFromTokens } from '../../src/tinker/types.ts';
import { adam } from '../support/adam.ts';
import { writeRandomModel } from '../support/random_model.ts';

const RANK = 2;
const Q_PROJ = 'model.layers.0.self_attn.q_proj';
const UP_PROJ = 'model.layers.1.mlp.up_proj';
const TEXT = modelInputFromTokens([5, 17, 40, 3, 22, 9]);

let directory: string;
let model: string;
let service: LocalServiceClient;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-adapters-'));
  model = await writeRandomModel(join(directory, 'model'));
  service = openLocalService({ checkpoints: directory, threads: 1, microbatchTokens: 64, seed: 3 });
});

afterAll(() => service.close());

interface Made {
  alpha?: number;
  modules?: string[];
  base?: string | null;
  /** What B is multiplied by. */
  factor?: number;
}

async function adapter(name: string, { alpha = 32, modules = [Q_PROJ, UP_PROJ], base = model, factor = 1 }: Made = {}) {
  const config = await readModelConfig(model);
  const factors = modules.map((module): [string, LoraFactors] => {
    const { in: inputs, out } = linearModules(config).get(module) ?? { in: 0, out: 0 };
    const values = (size: number, scale: number) => Float32Array.from({ length: size }, (_, i) => scale * Math.sin(i));
    return [module, { A: values(RANK * inputs, 0.5), B: values(out * RANK, 0.25 * factor) }];
  });
  const path = join(directory, name);
  await writeAdapter(path, { rank: RANK, alpha, base_model_name_or_path: base, factors: new Map(factors) }, config);
  return path;
}

async function logprobs(model_path: string) {
  return await (await service.createSamplingClient({ model_path })).computeLogprobs(TEXT);
}

it('counts an adapter by its own scale', async () => {
  const small = await logprobs(await adapter('small', { alpha: 8 }));
  expect(small).toEqual(await logprobs(await adapter('quarter', { factor: 0.25 })));
  expect(small).not.toEqual(await logprobs(await adapter('whole')));
});

it('leaves alone the layers that the adapter does not know, and trains the others', async () => {
  const client = await service.createTrainingClientFromState(await adapter('partial', { modules: [Q_PROJ] }));
  const targets = { data: [1, 2, 3, 4, 5, 6], dtype: 'int64' as const, shape: [6] };
  await client.forwardBackward([{ model_input: TEXT, loss_fn_inputs: { target_tokens: targets } }], 'cross_entropy');
  await client.optimStep(adam(0.1));
  await (await client.saveState('trained')).result();
  const { tensors, read } = await openSafetensors(join(directory, 'weights/trained/adapter_model.safetensors'));
  const moved: string[] = [];
  for (const name of tensors.keys()) if ((await read(name)).some((value) => value !== 0)) moved.push(name);
  expect(moved).toEqual([`base_model.model.${Q_PROJ}.lora_A.weight`, `base_model.model.${Q_PROJ}.lora_B.weight`]);
});

it('counts factors of the unembedding', async () => {
  const changed = await logprobs(await adapter('unembedding', { modules: [Q_PROJ, 'lm_head'] }));
  const merged = join(directory, 'merged');
  await exportWeights(join(directory, 'unembedding'), {
    to: merged,
    format: 'merged',
    checkpoint: null,
    dtype: 'float32',
  });
  const whole = await (await service.createSamplingClient({ base_model: merged })).computeLogprobs(TEXT);
  for (const [i, logprob] of changed.entries()) expect(logprob ?? 0).toBeCloseTo(whole[i] ?? 0, 4);
  expect(changed).not.toEqual(await logprobs(await adapter('without', { modules: [Q_PROJ] })));
});

it('refuses an adapter of no model', async () => {
  const problem = async (path: string) =>
    await logprobs(path).catch((error: Error) => error.message.replace(directory, '…'));
  expect(await problem(await adapter('orphan', { base: null }))).toMatchInlineSnapshot(
    `"…/orphan: the adapter does not say which model it belongs to"`,
  );
});
