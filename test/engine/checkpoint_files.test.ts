import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { newAdamState } from '../../src/engine/adamw.ts';
import { blankWeights } from '../../src/engine/base_weights.ts';
import {
  readCheckpointInfo,
  readOptimizer,
  readParameters,
  writeCheckpoint,
} from '../../src/engine/checkpoint_files.ts';
import type { Parameterisation } from '../../src/engine/decoder_graph.ts';
import { newAdapter, newModel } from '../../src/engine/parameters.ts';
import { parseModelConfig } from '../../src/formats/hf_config.ts';
import { MODULE_PARTS } from '../../src/formats/modules.ts';
import { openSafetensors, type TensorToWrite, writeSafetensors } from '../../src/formats/safetensors.ts';
import { temporaryDirectory, weightsErrorOf } from '../formats/support.ts';
import { randomModelConfig } from '../support/random_model.ts';

const base = blankWeights(parseModelConfig(randomModelConfig(), 'config.json'));

/** A checkpoint of either kind, of which one file has had its tensors changed. */
async function checkpointWith(
  parameterisation: Parameterisation,
  file: string,
  change: (tensors: TensorToWrite[]) => TensorToWrite[],
): Promise<string> {
  const directory = join(await temporaryDirectory(), 'state');
  const parameters =
    parameterisation === 'lora'
      ? newAdapter(base, { scaling: { rank: 2, alpha: 32 }, adapted: MODULE_PARTS }, 1)
      : newModel(base, 1);
  await writeCheckpoint(directory, {
    parameters,
    config: base.config,
    base_model: parameterisation === 'lora' ? 'models/tiny' : null,
    optimizer: newAdamState(parameters.values),
    dtype: 'F32',
    extraFiles: [],
  });
  const path = join(directory, file);
  const opened = await openSafetensors(path);
  const tensors: TensorToWrite[] = [];
  for (const { name, shape } of opened.tensors.values()) {
    tensors.push({ name, dtype: 'F32', shape, data: await opened.read(name) });
  }
  await writeSafetensors(path, change(tensors));
  return directory;
}

/** Another value at an index of every tensor whose name ends so. */
function setting(ending: string, index: number, value: number) {
  return (tensors: TensorToWrite[]): TensorToWrite[] =>
    tensors.map((tensor) => {
      if (!tensor.name.endsWith(ending) || typeof tensor.data === 'function') return tensor;
      return { ...tensor, data: tensor.data.map((each, i) => (i === index ? value : each)) };
    });
}

async function load(directory: string): Promise<void> {
  const info = await readCheckpointInfo(directory);
  const parameters = await readParameters(directory, info, base);
  await readOptimizer(directory, info, parameters);
}

test.for<Parameterisation>(['lora', 'full'])('an undamaged checkpoint of %s parameters loads', async (kind) => {
  const file = kind === 'lora' ? 'adapter_model.safetensors' : 'model.safetensors';
  await load(await checkpointWith(kind, file, (tensors) => tensors));
});

test('a checkpoint that had stepped aside for another when the process was killed is found again', async () => {
  const directory = await checkpointWith('lora', 'adapter_model.safetensors', (tensors) => tensors);
  await rename(directory, `${directory}.4711.old.tmp`);
  await mkdir(`${directory}.4711.tmp`);
  await load(directory);
});

test('writing a checkpoint clears away what a kill left of an earlier attempt, and nothing of others', async () => {
  const directory = await checkpointWith('lora', 'adapter_model.safetensors', (tensors) => tensors);
  const parent = dirname(directory);
  for (const name of ['state.1.tmp', 'state.2.old.tmp', 'state2.3.tmp']) {
    await mkdir(join(parent, name));
    await writeFile(join(parent, name, 'x'), '');
  }
  const parameters = newAdapter(base, { scaling: { rank: 2, alpha: 32 }, adapted: MODULE_PARTS }, 1);
  const optimizer = newAdamState(parameters.values);
  const saved = { parameters, config: base.config, base_model: 'models/tiny', optimizer };
  await writeCheckpoint(directory, { ...saved, dtype: 'F32', extraFiles: [] });
  expect(await readdir(parent)).toEqual(['state', 'state2.3.tmp']);
  await load(directory);
});

describe('a checkpoint is refused', () => {
  test.for<[string, Parameterisation, string, (tensors: TensorToWrite[]) => TensorToWrite[], string]>([
    [
      'whose adapter has NaN',
      'lora',
      'adapter_model.safetensors',
      setting('layers.0.self_attn.q_proj.lora_A.weight', 17, NaN),
      'adapter_model.safetensors: tensor "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight": ' +
        'the value at [1, 1] is NaN; 1 of 32 values are NaN or infinite',
    ],
    [
      'whose weights are infinite',
      'full',
      'model.safetensors',
      setting('model.norm.weight', 3, -Infinity),
      'model.safetensors: tensor "model.norm.weight": the value at [3] is -Infinity; 1 of 16 values are NaN or infinite',
    ],
    [
      'whose weights have another shape',
      'full',
      'model.safetensors',
      (tensors) => tensors.map((each) => (each.shape[0] === 61 ? { ...each, shape: [16, 61] } : each)),
      'tensor "model.embed_tokens.weight": its shape is [16, 61], expected [61, 16]',
    ],
    [
      'whose moments have NaN',
      'lora',
      'optimizer.safetensors',
      setting('exp_avg_sq.model.layers.0.mlp.up_proj.lora_B.weight', 0, NaN),
      'optimizer.safetensors: tensor "exp_avg_sq.model.layers.0.mlp.up_proj.lora_B.weight": ' +
        'the value at [0, 0] is NaN; 1 of 48 values are NaN or infinite',
    ],
    [
      'whose moments are those of another rank',
      'lora',
      'optimizer.safetensors',
      (tensors) =>
        tensors.map((each) =>
          each.name === 'exp_avg.model.layers.0.mlp.up_proj.lora_A.weight'
            ? { ...each, shape: [3, 16], data: new Float32Array(48) }
            : each,
        ),
      'optimizer.safetensors: tensor "exp_avg.model.layers.0.mlp.up_proj.lora_A.weight": ' +
        'its shape is [3, 16], expected [2, 16]',
    ],
    [
      'without one of its moments',
      'lora',
      'optimizer.safetensors',
      (tensors) => tensors.slice(1),
      'optimizer.safetensors: no tensor "exp_avg.lm_head.lora_A.weight"',
    ],
  ])('%s', async ([, kind, file, change, message]) => {
    const directory = await checkpointWith(kind, file, change);
    expect((await weightsErrorOf(load(directory), directory)).replace(`${directory}: `, '')).toBe(message);
  });

  test('without its weights', async () => {
    const directory = await checkpointWith('full', 'model.safetensors', (tensors) => tensors);
    await rm(join(directory, 'model.safetensors'));
    expect(await weightsErrorOf(load(directory), directory)).toMatch('neither model.safetensors nor');
  });
});
