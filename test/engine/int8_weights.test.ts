// The integers of a model in the cache: what they are made of decides which they are, and what graphs take of them.

import { copyFile, mkdir, readdir, readFile, rm, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { activationsOf } from '../../src/engine/calibration.ts';
import { openLocalService } from '../../src/engine/engine.ts';
import { Graph } from '../../src/engine/graph.ts';
import { integerRowsOf } from '../../src/engine/integer_products.ts';
import { openWeights } from '../../src/engine/integer_weights.ts';
import { createSession, integers } from '../../src/engine/session.ts';
import { UNSIGNED_ZERO } from '../../src/formats/int8.ts';
import { openModelFiles } from '../../src/formats/model_files.ts';
import { openSafetensors } from '../../src/formats/safetensors.ts';
import { int8Names, int8Weights } from '../../src/hub/int8_weights.ts';
import { modelInputFromTokens } from '../../src/tinker/types.ts';
import { WeightsError } from '../../src/util/errors.ts';
import { writeChatModel } from '../support/chat_model.ts';
import { writeRandomModel } from '../support/random_model.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { tinyTokenizerJson } from '../support/tiny_tokenizer.ts';

const EMBEDDING = 'model.embed_tokens.weight';

async function setup() {
  const directory = await temporaryDirectory();
  const env = { XDG_CACHE_HOME: join(directory, 'cache') };
  const cache = join(directory, 'cache/tinker-cookbook/int8');
  const opened = async (model: string) => await openWeights(model, { precision: 'int8', env });
  return { directory, cache, opened };
}

test('revisions of one blob of weights have integers of their own where configuration or tokenizer differ', async () => {
  const { directory, opened } = await setup();
  const model = await writeChatModel(join(directory, 'model'));
  /** A snapshot as the hub's cache has it: its weights are a link to the blob. */
  const revision = async (name: string, changes: { rope_theta?: number; tokenizer?: 'other' | 'none' } = {}) => {
    const snapshot = join(directory, name);
    await mkdir(snapshot);
    await symlink(join(model, 'model.safetensors'), join(snapshot, 'model.safetensors'));
    const config = JSON.parse(await readFile(join(model, 'config.json'), 'utf8'));
    const { tokenizer, ...fields } = changes;
    await writeFile(join(snapshot, 'config.json'), JSON.stringify({ ...config, ...fields }));
    if (tokenizer === undefined) await copyFile(join(model, 'tokenizer.json'), join(snapshot, 'tokenizer.json'));
    if (tokenizer === 'other') {
      const { model: bpe, ...others } = tinyTokenizerJson();
      const fewer = { ...others, model: { ...bpe, merges: bpe.merges.slice(0, 3) } };
      await writeFile(join(snapshot, 'tokenizer.json'), JSON.stringify(fewer));
    }
    return await readFile(join((await opened(snapshot)).directory, 'model.safetensors'));
  };
  const all = [
    await revision('first'),
    await revision('other rotations', { rope_theta: 20 }),
    await revision('other tokens', { tokenizer: 'other' }),
    await revision('tokens of any kind', { tokenizer: 'none' }),
  ];
  for (const [i, bytes] of all.entries())
    for (const others of all.slice(0, i)) expect(bytes.equals(others)).toBe(false);
  expect((await revision('the same again')).equals(all[0])).toBe(true);
});

test('what does not differ in either is converted once', async () => {
  const { directory, cache, opened } = await setup();
  const model = await writeChatModel(join(directory, 'model'));
  await symlink(model, join(directory, 'link'));
  expect((await opened(join(directory, 'link'))).directory).toBe((await opened(model)).directory);
  expect(await readdir(cache)).toHaveLength(1);
});

test('activations that overflow are an error that names the layer, and nothing is kept', async () => {
  const { directory, cache, opened } = await setup();
  const model = await writeRandomModel(join(directory, 'model'), {}, 'F32', 1e10);
  const error = await opened(model).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(WeightsError);
  expect(error).toMatchObject({
    message: expect.stringMatching(/model: activations of "model\.layers\.0[a-z_.]*" are NaN or infinite/),
    hint: expect.stringContaining('diverged'),
  });
  expect(await readdir(cache)).toEqual([]);
});

test('of a model that is written again while it is converted nothing is kept', async () => {
  const { directory, cache } = await setup();
  const model = await writeRandomModel(join(directory, 'model'));
  const { config, weights } = await openModelFiles(model);
  const seen = await activationsOf({ config, weights, directory: model });
  const made = int8Weights(weights, {
    config,
    unsigned: false,
    madeOf: '',
    env: { XDG_CACHE_HOME: join(directory, 'cache') },
    async activations() {
      await writeRandomModel(model, {}, 'F32', 0.1);
      return seen;
    },
  });
  await expect(made).rejects.toThrow(/model\.safetensors: the weights were replaced while they were converted$/);
  expect(await readdir(cache)).toEqual([]);
});

test('integers whose file is damaged are an error that says which directory to delete', async () => {
  const { directory, opened } = await setup();
  const model = await writeRandomModel(join(directory, 'model'));
  const { directory: made } = await opened(model);
  await truncate(join(made, 'model.safetensors'), 4000);
  const error = await opened(model).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    code: 'WEIGHTS',
    hint: expect.stringContaining(`Delete ${made}: it is made again.`),
  });
  await rm(made, { recursive: true });
  expect((await opened(model)).directory).toBe(made);
});

test('who opens a model after its tokenizer was replaced gets other integers than who has it open', async () => {
  const { directory } = await setup();
  const model = await writeChatModel(join(directory, 'model'));
  const service = () =>
    openLocalService({ checkpoints: directory, threads: 1, microbatchTokens: 64, precision: 'int8', seed: 1 });
  const [one, other] = [service(), service()];
  onTestFinished(async () => void (await Promise.all([one, other].map((each) => each.close()))));
  const scores = async (of: typeof one) =>
    (await of.createSamplingClient({ base_model: model })).computeLogprobs(modelInputFromTokens([1, 2, 3]));
  const before = await scores(one);
  await rm(join(model, 'tokenizer.json'));
  const after = await scores(one);
  expect(after).not.toEqual(before);
  expect(await scores(other)).toEqual(after);
});

test('a model whose tokenizer has no tokens for any text but digits is calibrated by tokens of any kind', async () => {
  const { directory, opened } = await setup();
  const model = await writeChatModel(join(directory, 'model'));
  const { model: bpe, ...others } = tinyTokenizerJson();
  const digits = { ...bpe, vocab: { 0: 0, 1: 1 }, merges: [] };
  const tokenizer = { ...others, added_tokens: [], normalizer: null, pre_tokenizer: null, model: digits };
  await writeFile(join(model, 'tokenizer.json'), JSON.stringify(tokenizer));
  await rm(join(model, 'tokenizer_config.json'));
  const made = async () => await readFile(join((await opened(model)).directory, 'model.safetensors'));
  const integers = await made();
  await rm(join(model, 'tokenizer.json'));
  expect((await made()).equals(integers)).toBe(true);
});

test('rows of a vocabulary that is in pieces are looked up where they lie, without joining the pieces', async () => {
  const { directory, opened } = await setup();
  const [V, D] = [70_000, 16];
  const model = await writeRandomModel(join(directory, 'model'), {
    vocab_size: V,
    num_hidden_layers: 1,
    hidden_size: D,
    tie_word_embeddings: true,
  });
  const { directory: files, integers: matrices } = await opened(model);
  if (matrices === null) throw new Error('these are integers');
  const g = new Graph('cpu', 1);
  const W = matrices.weight(g, EMBEDDING, matrices.input(g, 'model.norm'));
  expect(W.backward.pieces.map(({ dims }) => dims)).toEqual([
    [V / 2, D],
    [V / 2, D],
  ]);
  g.output('rows', integerRowsOf(g, W, g.input('ids', 'int64')));
  const graph = g.encode();
  expect(Buffer.from(graph).includes('Gather')).toBe(true);
  expect(Buffer.from(graph).includes('Concat')).toBe(false);

  const ids = [0, 1, V / 2 - 1, V / 2, V - 1];
  const session = await createSession(graph, { directory: files, threads: 1 });
  const { rows } = await session.run({ ids: integers(ids, [ids.length]) });
  await session.release();
  const file = await openSafetensors(join(files, 'model.safetensors'));
  const names = int8Names(EMBEDDING);
  const scales = await file.read(names.backwardScales);
  const bytes = await file.readBytes(names.backward);
  const unsigned = file.tensors.get(names.backward)?.dtype === 'U8';
  const valueAt = (at: number) => (unsigned ? bytes[at] - UNSIGNED_ZERO : (bytes[at] << 24) >> 24);
  expect([...rows.data]).toEqual(
    ids.flatMap((id) => [...scales].map((scale, i) => Math.fround(valueAt(id * D + i) * scale))),
  );
});

test('a model in use is marked as used with its passes, so that its integers are not deleted as old', async () => {
  const directory = await temporaryDirectory();
  const model = await writeRandomModel(join(directory, 'model'), { intermediate_size: 40 });
  const cache = join(process.env.XDG_CACHE_HOME ?? '', 'tinker-cookbook/int8');
  const before = new Set(await readdir(cache).catch(() => []));
  const one = openLocalService({
    checkpoints: directory,
    threads: 1,
    microbatchTokens: 64,
    precision: 'int8',
    seed: 1,
  });
  onTestFinished(() => one.close());
  const sampler = await one.createSamplingClient({ base_model: model });
  const score = () => sampler.computeLogprobs(modelInputFromTokens([1, 2, 3]));
  await score();
  const [made] = (await readdir(cache)).filter((name) => !before.has(name));
  const long = new Date(1000);
  await utimes(join(cache, made), long, long);
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  vi.setSystemTime(Date.now() + 24 * 3600 * 1000);
  await score();
  await expect.poll(async () => (await stat(join(cache, made))).mtimeMs).toBeGreaterThan(1e12);
});
