// What a checkpoint holds beside weights, and which one of a run is meant.

import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLocalService } from '../../src/engine/engine.ts';
import { findCheckpoint } from '../../src/engine/find_checkpoint.ts';
import { CookbookError } from '../../src/util/errors.ts';
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

describe('of a run', () => {
  const run = async (name: string, checkpoints: string[]) => {
    const path = join(directory, name);
    await mkdir(path);
    await writeFile(join(path, 'run.json'), '{}');
    for (const checkpoint of checkpoints)
      await mkdir(join(path, 'checkpoints/sampler_weights', checkpoint), { recursive: true });
    return path;
  };
  const found = async (path: string, name: string | null = null) =>
    await findCheckpoint(path, 'sampler_weights', name).then(
      (checkpoint) => checkpoint.slice(path.length),
      (error: unknown) =>
        error instanceof CookbookError ? `${error.message}\n${error.hint ?? ''}`.trim().replaceAll(path, 'RUN') : error,
    );

  it('the final checkpoint is meant, else the newest that is whole, else the one that is named', async () => {
    expect(await found(await run('done', ['000010', 'final', '000020']))).toBe('/checkpoints/sampler_weights/final');
    const path = await run('stopped', ['000010', '000020', '000030.77.tmp']);
    expect(await found(path)).toBe('/checkpoints/sampler_weights/000020');
    expect(await found(path, '000010')).toBe('/checkpoints/sampler_weights/000010');
    expect(await found(path, 'final')).toMatchInlineSnapshot(`
      "RUN has no checkpoint "final"
      It has 000010, 000020."
    `);
    expect(await found(path, '000030.77.tmp')).toContain('has no checkpoint');
  });

  it('that has saved nothing yet, that is said', async () => {
    expect(await found(await run('new', []))).toMatchInlineSnapshot(`
      "RUN: this run has saved no weights yet
      Run it until its first checkpoint (save_every), or to its end."
    `);
  });

  it('a checkpoint itself can be named too', async () => {
    const path = join(await run('named', ['000010']), 'checkpoints/sampler_weights/000010');
    expect(await found(path)).toBe('');
    expect(await found(path, '000010')).toMatchInlineSnapshot(`
      "RUN is no run directory, so it has no checkpoint "000010""
    `);
    expect(await found(join(directory, 'nowhere'))).toMatchInlineSnapshot(`
      "RUN: no such directory"
    `);
  });
});
