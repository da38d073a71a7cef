// Gradients of every trained tensor against autograd.

import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { openSafetensors } from '../../src/formats/safetensors.ts';
import { randomModelConfig, writeRandomModel } from '../support/random_model.ts';
import { randomBatch } from './data.ts';
import { checkpointDirectory, disturb, gradientsAt, saveState } from './engine.ts';
import { test } from './fixtures.ts';
import { MODELS, writeFewTokens } from './models.ts';

/** Weights of both signs. */
const BATCH = randomBatch([12, 31, 4, 20], 7).map(({ weights, ...datum }) => ({
  ...datum,
  weights: weights.map((weight) => (weight === 0 ? 0 : weight - 0.5)),
}));

describe('gradients of both factors of every adapted layer', () => {
  test.for(MODELS)('$name', async ({ fields }, { directory, service, reference, expectAgreement }) => {
    const model = await writeRandomModel(join(directory, 'model'), fields);
    const client = await service.createLoraTrainingClient({ base_model: model, rank: 4 });
    await disturb(client);
    const state = await saveState(client, 'disturbed');
    const actual = await gradientsAt(service, { directory, state, batch: BATCH });
    const output = join(directory, 'expected.safetensors');
    await reference.gradients({ model, adapter: checkpointDirectory(directory, state), batch: BATCH, output });
    const expected = await openSafetensors(output);
    expect([...actual.keys()].sort()).toEqual([...expected.tensors.keys()].sort());
    for (const [name, gradient] of actual) {
      expectAgreement('gradients of LoRA factors', 1e-3, gradient, await expected.read(name));
    }
  });
});

describe('gradients of all parameters', () => {
  test.for(MODELS)('$name', async ({ fields }, { directory, service, reference, expectAgreement }) => {
    const config = randomModelConfig(fields);
    const client = await service.createFullTrainingClient({
      config,
      tokenizer_path: await writeFewTokens(directory),
      seed: 5,
    });
    await disturb(client);
    const state = await saveState(client, 'disturbed');
    const actual = await gradientsAt(service, { directory, state, batch: BATCH });
    const output = join(directory, 'expected.safetensors');
    await reference.gradients({ model: checkpointDirectory(directory, state), batch: BATCH, output });
    const expected = await openSafetensors(output);
    expect([...actual.keys()].sort()).toEqual([...expected.tensors.keys()].sort());
    for (const [name, gradient] of actual) {
      expectAgreement('gradients of all parameters', 1e-3, gradient, await expected.read(name));
    }
  });
});
