// What a checkpoint holds beside weights.

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLocalService } from '../../src/engine/engine.ts';
import { DivergedError } from '../../src/util/errors.ts';
import { adam } from '../support/adam.ts';
import { CHAT_MODEL_VOCABULARY, writeChatModel } from '../support/chat_model.ts';
import { randomModelConfig, writeRandomModel } from '../support/random_model.ts';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-checkpoints-'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

it('a whole model has all that its tokenizer needs, so that its directory is a model of its own', async () => {
  const tokenizer_path = await writeChatModel(join(directory, 'model'));
  for (const name of ['chat_template.jinja', 'special_tokens_map.json', 'README.md'])
    await writeFile(join(tokenizer_path, name), '{}');
  const checkpointsPath = join(directory, 'whole');
  const service = openLocalService({ checkpoints: checkpointsPath, threads: 1, microbatchTokens: 64, seed: 3 });
  const client = await service.createFullTrainingClient({
    config: randomModelConfig({ vocab_size: CHAT_MODEL_VOCABULARY }),
    tokenizer_path,
    seed: 1,
  });
  await (await client.saveWeightsForSampler('final')).result();
  await service.close();
  expect((await readdir(join(checkpointsPath, 'sampler_weights/final'))).sort()).toEqual([
    'chat_template.jinja',
    'checkpoint.json',
    'config.json',
    'model.safetensors',
    'special_tokens_map.json',
    'tokenizer.json',
    'tokenizer_config.json',
  ]);
});

it('weights that are no numbers any more are not saved', async () => {
  const base_model = await writeRandomModel(join(directory, 'random'));
  const checkpoints = join(directory, 'diverged');
  const service = openLocalService({ checkpoints, threads: 1, microbatchTokens: 64, seed: 3 });
  const client = await service.createLoraTrainingClient({ base_model, rank: 2, seed: 1 });
  // Without a gradient and without an ε, Adam divides zero by zero.
  await (await client.optimStep({ ...adam(0.01), eps: 0 })).result();
  for (const save of [client.saveState('one'), client.saveWeightsForSampler('one')]) {
    const error = await (await save).result().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DivergedError);
    expect(error).toMatchObject({
      message: expect.stringMatching(
        /^training has diverged: weights of "model\.layers\.0[a-z_.A]*" are NaN or infinite/,
      ),
    });
  }
  await service.close();
  expect(await readdir(checkpoints).catch(() => [])).toEqual([]);
});
