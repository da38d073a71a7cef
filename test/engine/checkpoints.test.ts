// What a checkpoint holds beside weights.

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLocalService } from '../../src/engine/engine.ts';
import { CHAT_MODEL_VOCABULARY, writeChatModel } from '../support/chat_model.ts';
import { randomModelConfig } from '../support/random_model.ts';

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
