// Splits of a data set without a network: all of their files, or an error, whoever has filled the cache.

import { mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { locateSplit } from '../../src/hub/dataset_split.ts';
import { locateRows } from '../../src/hub/locate_rows.ts';
import { CookbookError } from '../../src/util/errors.ts';
import { DATASET, hubWith, jsonlOf, SHA } from '../support/hub_data.ts';

afterEach(() => vi.unstubAllEnvs());

const ONCE = 'Run it once with a network: a data set is downloaded only once.';
const CARD = '---\nconfigs:\n- data_files: {train: data/*.jsonl}\n---\n';
const TWO = { 'README.md': CARD, 'data/en.jsonl': jsonlOf(0, 2), 'data/de.jsonl': jsonlOf(2, 5) };

const wanted = (split: string) => ({ configuration: null, split });

async function split(name = 'train', options: Parameters<typeof locateSplit>[2] = {}): Promise<string[]> {
  const files = await locateSplit({ name: DATASET, revision: 'main' }, wanted(name), options);
  return files.map(({ file }) => file.replace(/^.*\/snapshots\/[^/]+\//, ''));
}

async function refusal(name = 'train'): Promise<string> {
  const error: unknown = await split(name).catch((thrown: unknown) => thrown);
  if (!(error instanceof CookbookError)) return `no CookbookError: ${String(error)}`;
  return [error.message, error.hint ?? ''].join(' | ');
}

/** A cache that was filled with a network, and no network any more. */
async function cached(files: Record<string, Buffer | string>, ...without: string[]) {
  const { hub, cache } = await hubWith(files);
  const storage = join(cache, 'datasets--acme--chats');
  const snapshot = join(storage, 'snapshots', SHA);
  await split();
  for (const file of without) await rm(join(snapshot, file));
  vi.stubEnv('HF_HUB_OFFLINE', '1');
  return { hub, storage, snapshot };
}

/** As Python fills a cache: nothing of ours is in it. */
async function cachedByPython(files: Record<string, Buffer | string>, ...without: string[]) {
  const made = await cached(files, ...without);
  await rm(join(made.storage, '.tinker-cookbook'), { recursive: true });
  return made;
}

describe('after a download of ours', () => {
  it('a split of which one file has not come is an error that names it', async () => {
    const { hub } = await hubWith(TWO);
    for (const path of ['README.md', 'data/de.jsonl']) await locateRows(`hf://datasets/${DATASET}/${path}`);
    const missing = `data/en.jsonl of the data set ${DATASET} is not in the cache, and`;
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect(await refusal()).toBe(`${missing} HF_HUB_OFFLINE is set | ${ONCE}`);
    vi.stubEnv('HF_HUB_OFFLINE', '');
    vi.stubEnv('HF_TOKEN', 'hf_another_process');
    await hub.stop();
    expect(await refusal()).toMatch(new RegExp(`^${missing} http\\S+ cannot be reached`));
  });

  it('a whole split is read, and a notice says so once', async () => {
    await cached(TWO);
    const notices: string[] = [];
    const notify = (message: string) => notices.push(message);
    expect(await split('train', { notify })).toEqual(['data/de.jsonl', 'data/en.jsonl']);
    await split('train', { notify });
    expect(notices).toEqual([`HF_HUB_OFFLINE is set: ${DATASET} is read as the cache has it`]);
  });

  it('a card that has not come is an error, and does not change what makes a split', async () => {
    await cached(TWO, 'README.md');
    expect(await refusal()).toBe(
      `README.md of the data set ${DATASET} is not in the cache, and HF_HUB_OFFLINE is set | ${ONCE}`,
    );
  });

  it('a file of another size is an error', async () => {
    const { snapshot } = await cached({ 'train.jsonl': jsonlOf(0, 2) });
    await truncate(join(snapshot, 'train.jsonl'), 10);
    expect(await refusal()).toContain(
      `train.jsonl of the data set ${DATASET} is 10 bytes long in the cache, and has ${jsonlOf(0, 2).length} on the hub`,
    );
  });

  it('the listing lies in a directory of its own, and a damaged one counts for none', async () => {
    const { storage } = await cached(TWO);
    expect((await readdir(storage)).sort()).toEqual(['.tinker-cookbook', 'blobs', 'refs', 'snapshots']);
    const listing = join(storage, '.tinker-cookbook/listings', `${SHA}.json`);
    const { sha, files } = JSON.parse(await readFile(listing, 'utf8'));
    expect([sha, files.length]).toEqual([SHA, 3]);
    expect(files).toContainEqual({
      path: 'data/en.jsonl',
      size: TWO['data/en.jsonl'].length,
      oid: expect.stringMatching(/^[0-9a-f]{40}$/),
    });
    await writeFile(listing, '{"sha": "');
    expect(await refusal()).toContain('nothing there says whether that is all');
    vi.stubEnv('HF_HUB_OFFLINE', '');
    await split();
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect(await split()).toHaveLength(2);
  });
});

describe('after a download of Python', () => {
  it('a listing that cannot be kept keeps nobody from reading', async () => {
    const { storage } = await cachedByPython({ 'README.md': '# Chats', 'train.jsonl': jsonlOf(0, 2) });
    await writeFile(join(storage, '.tinker-cookbook'), 'in the way');
    vi.stubEnv('HF_HUB_OFFLINE', '');
    expect(await split()).toEqual(['train.jsonl']);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect(await split()).toEqual(['train.jsonl']);
  });

  it('a split of one file, beside a card, is read', async () => {
    await cachedByPython({ 'README.md': '# Chats', 'train.jsonl': jsonlOf(0, 2), 'test.jsonl': jsonlOf(2, 3) });
    expect(await split()).toEqual(['train.jsonl']);
  });

  it('a split of one file is read where Python has found that there is no card', async () => {
    const { storage } = await cachedByPython({ 'train.jsonl': jsonlOf(0, 2) });
    expect(await refusal()).toBe(
      `the cache has no card (README.md) of the data set ${DATASET}, which says what files make a split, and HF_HUB_OFFLINE is set | ${ONCE} Or name a file by itself: hf://datasets/ORG/NAME/PATH.`,
    );
    await mkdir(join(storage, '.no_exist', SHA), { recursive: true });
    await writeFile(join(storage, '.no_exist', SHA, 'README.md'), '');
    expect(await split()).toEqual(['train.jsonl']);
  });

  it('files that say of how many they are one are read, if all are there', async () => {
    const names = [0, 1].map((index) => `data/train-0000${index}-of-00002.jsonl`);
    const files = { 'README.md': CARD, [names[0]]: jsonlOf(0, 1), [names[1]]: jsonlOf(1, 2) };
    const { snapshot } = await cachedByPython(files);
    expect(await split()).toEqual(names);
    await rm(join(snapshot, names[1]));
    expect(await refusal()).toContain(`has 1 of the 2 files of data/train-*-of-00002`);
  });

  it('files that a card names one by one are read, if all are there', async () => {
    const card = '---\nconfigs:\n- data_files: {train: [data/en.jsonl, data/de.jsonl]}\n---\n';
    const { snapshot } = await cachedByPython({ ...TWO, 'README.md': card });
    expect(await split()).toHaveLength(2);
    await rm(join(snapshot, 'data/de.jsonl'));
    expect(await refusal()).toContain(
      `of the split train of ${DATASET} the cache holds data/en.jsonl, and nothing there says whether that is all: HF_HUB_OFFLINE is set`,
    );
  });

  it('what fits a pattern may be a part, and is refused until the hub has been asked', async () => {
    const { snapshot } = await cachedByPython(TWO);
    expect(await refusal()).toContain(`of the split train of ${DATASET} the cache holds 2 files, and nothing`);
    await rm(join(snapshot, 'data/de.jsonl'));
    expect(await refusal()).toContain(`the cache holds data/en.jsonl, and nothing there says whether that is all`);
    vi.stubEnv('HF_HUB_OFFLINE', '');
    expect(await split()).toHaveLength(2);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect(await split()).toHaveLength(2);
  });
});
