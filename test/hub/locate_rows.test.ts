// Files of rows on the hub, named as hf://datasets/…, and a hub that answers badly.

import { readdir, readFile, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { locateRows } from '../../src/hub/locate_rows.ts';
import { sourceRows } from '../../src/supervised/data/rows.ts';
import { CookbookError } from '../../src/util/errors.ts';
import { DATASET, hubWith, jsonlOf, parquetOf, SHA } from '../support/hub_data.ts';

afterEach(() => vi.unstubAllEnvs());

const TRAIN = `hf://datasets/${DATASET}/data/train.jsonl`;

async function refusal(path: string): Promise<string> {
  const error: unknown = await locateRows(path).catch((thrown: unknown) => thrown);
  if (!(error instanceof CookbookError)) return `no CookbookError: ${String(error)}`;
  return [error.message, error.hint ?? ''].join(' | ');
}

describe('a file of the hub', () => {
  it('is downloaded once, into the cache of huggingface_hub, and every other path is its own answer', async () => {
    const rows = jsonlOf(0, 5);
    const { hub, cache } = await hubWith({ 'data/train.jsonl': rows });
    const notices: string[] = [];
    const file = await locateRows(TRAIN, { notify: (message) => notices.push(message) });
    expect(file).toBe(join(cache, 'datasets--acme--chats/snapshots', SHA, 'data/train.jsonl'));
    expect(await readFile(file)).toEqual(rows);
    expect(await readlink(file)).toMatch(/^\.\.\/\.\.\/\.\.\/blobs\/[0-9a-f]{40}$/);
    expect(await readFile(join(cache, 'datasets--acme--chats/refs/main'), 'utf8')).toBe(SHA);
    expect(notices).toEqual([`downloading data/train.jsonl of ${DATASET} (0.0 MB)`]);
    const requests = hub.requests.length;
    expect(await locateRows(TRAIN)).toBe(file);
    expect(await locateRows(`hf://datasets/${DATASET}@${SHA}/data/train.jsonl`)).toBe(file);
    expect(hub.requests).toHaveLength(requests);
    expect(await locateRows('some/file.jsonl')).toBe('some/file.jsonl');
  });

  it('can be of a branch, whose name may have a slash', async () => {
    const branch = {
      sha: SHA.replaceAll('0', 'f'),
      files: new Map([['default/train/0000.parquet', await parquetOf(0, 2)]]),
    };
    await hubWith({}, { branches: new Map([['refs/convert/parquet', branch]]) });
    const files = await Promise.all(
      ['~parquet', 'refs/convert/parquet', 'refs%2Fconvert%2Fparquet', branch.sha].map((revision) =>
        locateRows(`hf://datasets/${DATASET}@${revision}/default/train/0000.parquet`),
      ),
    );
    expect(new Set(files).size).toBe(1);
  });

  it('can have a name that an address would have to spell otherwise', async () => {
    const names = ['a file, with 100% #1?.jsonl', 'grüße/ряд.jsonl'];
    await hubWith(Object.fromEntries(names.map((name) => [name, jsonlOf(0, 1)])));
    for (const name of names)
      expect(await readFile(await locateRows(`hf://datasets/${DATASET}/${name}`))).toEqual(jsonlOf(0, 1));
  });

  it('stands for all that a pattern fits, as one Parquet file that is made once', async () => {
    const { home } = await hubWith({
      'data/train-00000-of-00002.parquet': await parquetOf(0, 3),
      'data/train-00001-of-00002.parquet': await parquetOf(3, 5),
      'data/test.parquet': await parquetOf(9, 10),
    });
    const pattern = `hf://datasets/${DATASET}/data/train-*.parquet`;
    const ids: unknown[] = [];
    for await (const { value } of sourceRows(pattern, () => undefined)) ids.push(value?.id);
    expect(ids.map(Number)).toEqual([0, 1, 2, 3, 4]);
    expect(await locateRows(pattern)).toBe(await locateRows(pattern));
    expect(await readdir(join(home, 'tinker-cookbook/rows'))).toHaveLength(1);
    expect(await locateRows(`hf://datasets/${DATASET}/data/te*.parquet`)).toContain('data/test.parquet');
  });

  it('without a network is what the cache holds', async () => {
    const { hub, cache } = await hubWith({ 'data/train.jsonl': jsonlOf(0, 2) });
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    expect(await refusal(TRAIN)).toContain(
      `the data set ${DATASET}@main is not in the cache, and HF_HUB_OFFLINE is set`,
    );
    vi.stubEnv('HF_HUB_OFFLINE', '');
    const file = await locateRows(TRAIN);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    const requests = hub.requests.length;
    expect(await locateRows(TRAIN)).toBe(file);
    expect(hub.requests).toHaveLength(requests);
    expect(await refusal(TRAIN.replace('train', 'test'))).toBe(
      `hf://datasets/${DATASET}/data/test.jsonl: there is no such file in the data set; did you mean "data/train.jsonl"? | It has data/train.jsonl`,
    );
    // What else the data set has is not known where Python has filled the cache.
    await rm(join(cache, 'datasets--acme--chats/.tinker-cookbook'), { recursive: true });
    expect(await locateRows(TRAIN)).toBe(file);
    expect(await refusal(TRAIN.replace('train', 'test'))).toBe(
      `hf://datasets/${DATASET}/data/test.jsonl: there is no such file in the data set; did you mean "data/train.jsonl"? | It has data/train.jsonl\nOf ${DATASET} only what the cache holds is known: HF_HUB_OFFLINE is set. Run it once with a network: a data set is downloaded only once.`,
    );
    await hub.stop();
    vi.stubEnv('HF_HUB_OFFLINE', '');
    vi.stubEnv('HF_TOKEN', 'hf_not_asked_with_before');
    expect(await locateRows(TRAIN)).toBe(file);
  });
});

it.each([
  'hf://datasets/acme/chats',
  'hf://datasets/acme/chats/',
  'hf://acme/model/config.json',
  'hf://datasets/acme/../chats/x.jsonl',
  'hf://datasets/acme/chats/../../../etc/passwd',
  'hf://datasets/acme/chats@../../x/y.jsonl',
  'hf://datasets/acme/chats@a%2F..%2F..%2Fb/y.jsonl',
  'hf://datasets/acme/chats@/y.jsonl',
  'hf://datasets/a\0cme/chats/y.jsonl',
])('%j names no file of a data set', async (path) => {
  await hubWith({});
  expect(await refusal(path)).toContain('is no file of a data set | It is named as hf://datasets/ORG/NAME/PATH');
});

it('a pattern stands for the same files without a network, and for none where one of them is not there', async () => {
  const { cache } = await hubWith({ 'a.parquet': await parquetOf(0, 3), 'b.parquet': await parquetOf(3, 5) });
  const pattern = `hf://datasets/${DATASET}/*.parquet`;
  await locateRows(`hf://datasets/${DATASET}/a.parquet`);
  vi.stubEnv('HF_HUB_OFFLINE', '1');
  expect(await refusal(pattern)).toBe(
    `b.parquet of the data set ${DATASET} is not in the cache, and HF_HUB_OFFLINE is set | Run it once with a network: a data set is downloaded only once.`,
  );
  vi.stubEnv('HF_HUB_OFFLINE', '');
  const file = await locateRows(pattern);
  vi.stubEnv('HF_HUB_OFFLINE', '1');
  expect(await locateRows(pattern)).toBe(file);
  await rm(join(cache, 'datasets--acme--chats/.tinker-cookbook'), { recursive: true });
  expect(await refusal(pattern)).toContain('fits several files, and only those in the cache are known');
});

describe('a hub that answers badly', () => {
  it('and says that there is no such file, or data set', async () => {
    await hubWith({ 'data/train.jsonl': jsonlOf(0, 1) });
    expect(await refusal(`hf://datasets/${DATASET}/data/trian.jsonl`)).toContain(
      'there is no such file in the data set; did you mean "data/train.jsonl"?',
    );
    expect(await refusal(`hf://datasets/${DATASET}/data/*.csv`)).toContain('no file fits');
    expect(await refusal('hf://datasets/acme/nothing/train.jsonl')).toContain(
      'has no data set acme/nothing, or not for you (status 401) | Look at the spelling. If it is private or gated, set HF_TOKEN.',
    );
  });

  it('is asked again for a file while it is busy', async () => {
    const { hub } = await hubWith({ 'data/train.jsonl': jsonlOf(0, 1) });
    hub.failures.set('data/train.jsonl', [503, 429]);
    expect(await readFile(await locateRows(TRAIN))).toEqual(jsonlOf(0, 1));
    expect(hub.requests.filter((line) => line.includes('/resolve/'))).toHaveLength(4);
  });

  it.each([500, 429])('with status %i to everything is told', async (status) => {
    const { hub } = await hubWith({ 'data/train.jsonl': jsonlOf(0, 1) });
    hub.busy = status;
    expect(await refusal(TRAIN)).toContain(
      `answered with status ${status} when it was asked for ${DATASET} | Try again later.`,
    );
  });

  it('may break off again and again, and redirect', async () => {
    const content = await parquetOf(0, 3000);
    const { hub } = await hubWith({ 'train.parquet': content });
    hub.redirects = true;
    hub.breakAfter.set('train.parquet', 10_000);
    const file = await locateRows(`hf://datasets/${DATASET}/train.parquet`);
    expect(await readFile(file)).toEqual(content);
    expect(hub.requests).toContainEqual(expect.stringMatching(/storage.*train\.parquet bytes=10000-/));
    expect(await readlink(file)).toMatch(/blobs\/[0-9a-f]{64}$/);
  });

  it('and sends other bytes than it lists is not believed', async () => {
    const content = await parquetOf(0, 10);
    const { hub, cache } = await hubWith({ 'train.parquet': content });
    hub.damaged.set('train.parquet', Buffer.alloc(content.length, 7));
    expect(await refusal(`hf://datasets/${DATASET}/train.parquet`)).toContain('what was downloaded is damaged');
    for (const wrong of [content.subarray(0, 100), Buffer.concat([content, content])]) {
      hub.damaged.set('train.parquet', wrong);
      expect(await refusal(`hf://datasets/${DATASET}/train.parquet`)).toBe(
        `${DATASET}: the hub lists train.parquet with ${content.length} bytes, and would send ${wrong.length} | Try again later, or set HF_ENDPOINT to another hub.`,
      );
    }
    expect(await readdir(join(cache, 'datasets--acme--chats/blobs'))).toEqual([]);
    hub.damaged.clear();
    expect(await readFile(await locateRows(`hf://datasets/${DATASET}/train.parquet`))).toEqual(content);
  });

  it('and lists names that lead elsewhere is not followed', async () => {
    const { home } = await hubWith({
      '../../../../outside.jsonl': jsonlOf(0, 1),
      '/etc/cookbook.jsonl': jsonlOf(0, 1),
      'a\\..\\b.jsonl': jsonlOf(0, 1),
      'train.jsonl': jsonlOf(0, 1),
    });
    expect(await refusal(`hf://datasets/${DATASET}/**`)).not.toContain('outside');
    expect(await locateRows(`hf://datasets/${DATASET}/**/*.jsonl`)).toContain('/train.jsonl');
    expect((await readdir(home, { recursive: true })).filter((path) => path.includes('outside'))).toEqual([]);
  });

  it('and gives a path for a hash is refused', async () => {
    const { hub, cache } = await hubWith({ 'train.jsonl': jsonlOf(0, 1) });
    hub.hashes.set('train.jsonl', '../../../../victim');
    expect(await refusal(`hf://datasets/${DATASET}/train.jsonl`)).toContain('which is no hash');
    expect(await readdir(cache).catch(() => [])).toEqual([]);
  });

  it('in many pages is read to the last', async () => {
    const names = Array.from({ length: 25 }, (_, index) => `part-${index}.jsonl`);
    const { hub } = await hubWith(Object.fromEntries(names.map((name) => [name, jsonlOf(0, 1)])));
    hub.pageSize = 10;
    expect(await locateRows(`hf://datasets/${DATASET}/part-24.jsonl`)).toContain('part-24.jsonl');
  });
});
