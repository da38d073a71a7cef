// Twenty AdamW steps with weight decay and clipping, side by side with PyTorch's.

import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { randomModelConfig, writeRandomModel } from '../support/random_model.ts';
import { randomBatch } from './data.ts';
import { checkpointDirectory, saveState, train } from './engine.ts';
import { test } from './fixtures.ts';
import { MODELS, writeFewTokens } from './models.ts';

const ADAM = { learning_rate: 0.01, beta1: 0.9, beta2: 0.95, eps: 1e-12, weight_decay: 0.1, grad_clip_norm: 1 };
/** Three batches in turn, so that there is something to learn; every gradient is larger than it is clipped to. */
const BATCHES = Array.from({ length: 20 }, (_, step) => randomBatch([9, 25, 14], step % 3));

describe('20 AdamW steps on LoRA factors', () => {
  test.for(MODELS)('$name', async ({ fields }, { directory, service, reference, expectAgreement }) => {
    const model = await writeRandomModel(join(directory, 'model'), fields);
    const client = await service.createLoraTrainingClient({ base_model: model, rank: 4 });
    const adapter = checkpointDirectory(directory, await saveState(client, 'start'));
    const actual = await train(client, BATCHES, ADAM);
    const expected = await reference.train({ model, adapter, batches: BATCHES, adam: ADAM });
    expect(expected.losses[18]).toBeLessThan(0.8 * expected.losses[0]);
    expect(Math.min(...expected.norms)).toBeGreaterThan(ADAM.grad_clip_norm);
    expectAgreement('losses of 20 LoRA steps', 1e-3, actual.losses, expected.losses);
    expectAgreement('gradient norms of 20 LoRA steps', 1e-3, actual.norms, expected.norms);
  });
});

describe('20 AdamW steps on all parameters', () => {
  test.for(MODELS)('$name', async ({ fields }, { directory, service, reference, expectAgreement }) => {
    const config = randomModelConfig(fields);
    const client = await service.createFullTrainingClient({
      config,
      tokenizer_path: await writeFewTokens(directory),
      seed: 5,
    });
    const model = checkpointDirectory(directory, await saveState(client, 'start'));
    const actual = await train(client, BATCHES, ADAM);
    const expected = await reference.train({ model, batches: BATCHES, adam: ADAM });
    expect(expected.losses[18]).toBeLessThan(0.8 * expected.losses[0]);
    expect(Math.min(...expected.norms)).toBeGreaterThan(ADAM.grad_clip_norm);
    expectAgreement('losses of 20 steps on all parameters', 1e-3, actual.losses, expected.losses);
    expectAgreement('gradient norms of 20 steps on all parameters', 1e-3, actual.norms, expected.norms);
  });
});
