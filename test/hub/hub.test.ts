// Models by their name on the hub, from a server on this machine.

import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { downloadModel } from '../../src/hub/hub.ts';
import { hubSettings } from '../../src/hub/hub_settings.ts';
import { locateModel } from '../../src/hub/locate.ts';
import { CookbookError, messageOf } from '../../src/util/errors.ts';
import { writeChatModel } from '../support/chat_model.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { type HubRepository, LocalHub } from './local_hub.ts';

const SHA = '0123456789abcdef0123456789abcdef01234567';
const NAME = 'acme/tiny-model';

/** A repository with a whole model, and files beside it that nobody needs. */
async function repository(changes: Partial<HubRepository> = {}): Promise<HubRepository> {
  const directory = await writeChatModel(join(await temporaryDirectory(), 'model'));
  const files = new Map<string, Buffer>();
  for (const name of await readdir(directory)) files.set(name, await readFile(join(directory, name)));
  files.set('README.md', Buffer.from('# A model\n'));
  files.set('onnx/model.onnx', Buffer.alloc(1000));
  files.set('tokenizer/../../../../outside.json', Buffer.from('{}'));
  return { name: NAME, sha: SHA, files, ...changes };
}

async function setup(changes: Partial<HubRepository> = {}) {
  const hub = await LocalHub.start(await repository(changes));
  const cache = await temporaryDirectory();
  const notices: string[] = [];
  const locate = (name = NAME, env: NodeJS.ProcessEnv = {}, parts: 'all' | 'tokenizer' = 'all') =>
    locateModel(name, {
      env: { HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: cache, HF_HOME: cache, ...env },
      parts,
      notify: (message) => notices.push(message),
    });
  const failure = async (...args: Parameters<typeof locate>) =>
    messageOf(
      await locate(...args).then(
        () => 'no error',
        (error: unknown) => error,
      ),
    );
  return { hub, cache, notices, locate, failure, files: hub.repositories[0].files };
}

const downloads = ({ requests }: LocalHub) => requests.filter((line) => line.includes('/resolve/'));

test('a model is downloaded once, without what is not needed, into the cache that huggingface_hub uses', async () => {
  const { hub, cache, notices, locate, files } = await setup();
  const { directory, name } = await locate();
  expect(name).toBe(NAME);
  expect(directory).toBe(join(cache, 'models--acme--tiny-model', 'snapshots', SHA));
  expect((await readdir(directory)).sort()).toEqual(
    ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'].sort(),
  );
  expect(await readdir(cache)).toEqual(['models--acme--tiny-model']);
  for (const file of await readdir(directory)) {
    expect(await readFile(join(directory, file))).toEqual(files.get(file));
    expect(await readlink(join(directory, file))).toMatch(/^\.\.\/\.\.\/blobs\/[0-9a-f]{40,64}$/);
  }
  expect(await readFile(join(directory, '../../refs/main'), 'utf8')).toBe(SHA);
  expect(notices).toContainEqual(
    expect.stringMatching(/^downloading model\.safetensors of acme\/tiny-model \(\d\.\d MB\)$/),
  );

  const before = downloads(hub).length;
  expect((await locate()).directory).toBe(directory);
  expect(downloads(hub)).toHaveLength(before);
});

test('a download that breaks off goes on where it was', async () => {
  const { hub, locate, files } = await setup();
  const size = files.get('model.safetensors')?.length ?? 0;
  hub.breakAfter.set('model.safetensors', Math.floor(size / 2));
  const { directory } = await locate();
  expect(await readFile(join(directory, 'model.safetensors'))).toEqual(files.get('model.safetensors'));
  expect(downloads(hub)).toContainEqual(expect.stringMatching(/model\.safetensors bytes=[1-9]\d*-/));
});

test('a download goes on where it was from a server that ignores ranges', async () => {
  const { hub, locate, files } = await setup();
  const size = files.get('model.safetensors')?.length ?? 0;
  hub.breakAfter.set('model.safetensors', Math.floor(size / 2));
  hub.ignoredRanges = /^bytes=[1-9]/;
  const { directory } = await locate();
  expect(await readFile(join(directory, 'model.safetensors'))).toEqual(files.get('model.safetensors'));
  expect(downloads(hub)).toContainEqual(expect.stringMatching(/model\.safetensors bytes=[1-9]\d*-/));
});

test('a server that ignores every range serves too', async () => {
  const { hub, locate, files } = await setup();
  hub.ignoredRanges = /./;
  const { directory } = await locate();
  for (const name of await readdir(directory)) expect(await readFile(join(directory, name))).toEqual(files.get(name));
});

test('a file that goes on after its end is given up there', async () => {
  const { hub, cache, locate, failure, files } = await setup();
  hub.overlong.set('model.safetensors', 2 ** 28);
  expect(await failure()).toBe('model.safetensors: what was downloaded is damaged, and has been deleted');
  // What lies in the buffers of two sockets is taken, and not what comes after.
  expect(hub.takenBeyond).toBeLessThan(2 ** 26);
  expect((await readdir(join(cache, 'models--acme--tiny-model/blobs'))).filter((name) => name.includes('.'))).toEqual(
    [],
  );
  hub.overlong.clear();
  const { directory } = await locate();
  expect(await readFile(join(directory, 'model.safetensors'))).toEqual(files.get('model.safetensors'));
});

test.each([
  ['of empty pages', 0],
  ['of files', 20_000],
])('a listing without end, %s, comes to one', async (_, count) => {
  const entries = Array.from({ length: count }, (_, index): [string, Buffer] => [`${index}`, Buffer.alloc(0)]);
  const { hub, failure } = await setup({ files: new Map(entries) });
  hub.endless = true;
  hub.pageSize = count;
  expect(await failure()).toBe(
    `the hub lists the files of ${NAME} without end: after 1,000,000 files or 2,000 pages there are still more`,
  );
});

test('a hub that is busy while it lists its files is asked again', async () => {
  const { hub, locate } = await setup();
  hub.failures.set('tree', [503, 429]);
  const { directory } = await locate();
  expect(await readdir(directory)).toContain('model.safetensors');
  expect(hub.requests.filter((line) => line.includes('/tree/'))).toHaveLength(3);
});

test('downloads of one model at the same time do each other no harm', async () => {
  const { locate, files } = await setup();
  const found = await Promise.all(Array.from({ length: 8 }, () => locate()));
  expect(new Set(found.map(({ directory }) => directory)).size).toBe(1);
  const [{ directory }] = found;
  for (const name of await readdir(directory)) expect(await readFile(join(directory, name))).toEqual(files.get(name));
  expect((await readdir(join(directory, '../../blobs'))).filter((name) => name.endsWith('.incomplete'))).toEqual([]);
});

test('what arrives damaged is not kept', async () => {
  const { hub, locate, failure, files } = await setup();
  const content = files.get('model.safetensors') ?? Buffer.alloc(0);
  hub.damaged.set('model.safetensors', Buffer.alloc(content.length, 7));
  expect(await failure()).toBe('model.safetensors: what was downloaded is damaged, and has been deleted');
  hub.damaged.clear();
  const { directory } = await locate();
  expect(await readFile(join(directory, 'model.safetensors'))).toEqual(content);
});

test.each([
  ['commit', '../../../../outside', null],
  ['small file', '../../../../victim', 'tokenizer.json'],
  ['large file', '../../../../victim', 'model.safetensors'],
])('a hub that gives a path for the hash of a %s is refused, and nothing is written', async (_, path, file) => {
  const { hub, cache, failure } = await setup(file === null ? { sha: path } : {});
  if (file !== null) hub.hashes.set(file, path);
  expect(await failure()).toBe(`the hub describes ${NAME} by "${path}", which is no hash`);
  expect(await readdir(cache)).toEqual([]);
  expect(downloads(hub)).toEqual([]);
});

test('only the tokenizer is downloaded where only that is needed', async () => {
  const { hub, locate } = await setup();
  const { directory } = await locate(NAME, {}, 'tokenizer');
  expect(await readdir(directory)).not.toContain('model.safetensors');
  expect(downloads(hub).some((line) => line.includes('safetensors'))).toBe(false);
});

test('a process asks once for what a repository holds, so that tokenizer and weights are of one commit', async () => {
  const { hub, locate, failure } = await setup();
  const [{ sha }] = hub.repositories;
  const questions = () => hub.requests.filter((line) => line.includes('/api/'));
  await locate(NAME, {}, 'tokenizer');
  const { directory } = await locate();
  expect(await readdir(directory)).toContain('model.safetensors');
  await locate(NAME, {}, 'tokenizer');
  expect(questions()).toEqual([`GET /api/models/${NAME}/revision/main`, `GET /api/models/${NAME}/tree/${sha}`]);

  // What went wrong is asked again.
  const token = { HF_TOKEN: 'hf_later' };
  hub.repositories[0].token = 'hf_other';
  expect(await failure(NAME, token)).toContain('(status 401)');
  hub.repositories[0].token = token.HF_TOKEN;
  expect((await locate(NAME, token)).directory).toBe(directory);
});

test('a private model takes a token', async () => {
  const { hub, locate, failure } = await setup({ token: 'hf_secret' });
  expect(await failure()).toBe(
    `there is no directory or file ${NAME}, and ${hub.endpoint} has no such model, or not for you (status 401)`,
  );
  const { directory } = await locate(NAME, { HF_TOKEN: 'hf_secret' });
  expect((await stat(join(directory, 'model.safetensors'))).size).toBeGreaterThan(0);
});

test('a token that is none is told as such', async () => {
  const { failure } = await setup();
  expect(await failure(NAME, { HF_TOKEN: 'secret' })).toBe(
    'HF_TOKEN, or the token that is stored, does not begin with hf_ as tokens of the hub do',
  );
});

test('without a network, what is in the cache serves, and what is not says so', async () => {
  const { hub, locate, failure } = await setup();
  expect(await failure(NAME, { HF_HUB_OFFLINE: '1' })).toBe(
    `the model ${NAME} is neither a directory nor in the cache, and HF_HUB_OFFLINE is set`,
  );
  expect(hub.requests).toEqual([]);
  const { directory } = await locate();
  const requests = hub.requests.length;
  expect((await locate(NAME, { HF_HUB_OFFLINE: '1' })).directory).toBe(directory);
  expect((await locate(`${NAME}@${SHA}`, { HF_HUB_OFFLINE: 'true' })).directory).toBe(directory);
  expect(hub.requests).toHaveLength(requests);

  await hub.stop();
  expect((await locate(NAME, { HF_TOKEN: 'hf_not_asked_with_before' })).directory).toBe(directory);
  expect(await failure('acme/another')).toMatch(
    /^the model acme\/another is neither a directory nor in the cache, and http\S+ cannot be reached \(.*ECONNREFUSED.*\)$/,
  );
});

describe('of the cache', () => {
  const OFFLINE = { HF_HUB_OFFLINE: '1' };
  const NEXT = SHA.replaceAll('0', 'a');

  /** Another process, after the hub has got another commit: what is asked with another token is asked anew. */
  async function moved() {
    const made = await setup();
    const { directory: before } = await made.locate();
    const [repository] = made.hub.repositories;
    const config = JSON.stringify({ ...JSON.parse(String(made.files.get('config.json'))), torch_dtype: 'float32' });
    const weights = Buffer.concat([made.files.get('model.safetensors') ?? Buffer.alloc(0)]);
    weights.fill(7, weights.length - 8);
    repository.sha = NEXT;
    repository.files = new Map([...made.files, ['config.json', Buffer.from(config)], ['model.safetensors', weights]]);
    return { ...made, before, weights, later: { HF_TOKEN: 'hf_another_process' } };
  }

  test('a whole model serves on where only the tokenizer of a newer one has come', async () => {
    const { cache, before, later, locate } = await moved();
    expect((await locate(NAME, later, 'tokenizer')).directory).toContain(NEXT);
    expect((await locate(NAME, OFFLINE)).directory).toBe(before);
    expect((await locate(NAME, later)).directory).toContain(NEXT);
    expect((await locate(NAME, OFFLINE)).directory).toContain(NEXT);
    expect(await readFile(join(cache, 'models--acme--tiny-model/refs/main'), 'utf8')).toBe(NEXT);
  });

  test('a tokenizer that has come alone serves who needs no more', async () => {
    const { locate, failure } = await setup();
    const { directory } = await locate(NAME, {}, 'tokenizer');
    expect((await locate(NAME, OFFLINE, 'tokenizer')).directory).toBe(directory);
    expect(await failure(NAME, OFFLINE)).toBe(
      `the model ${NAME} is in the cache without all of its weights, and HF_HUB_OFFLINE is set`,
    );
  });

  test('weights in shards serve when all are there', async () => {
    const { locate, failure } = await setup();
    const { directory } = await locate();
    const shards = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    await cp(join(directory, 'model.safetensors'), join(directory, shards[0]));
    await rm(join(directory, 'model.safetensors'));
    const index = { weight_map: { first: shards[0], second: shards[1] } };
    await writeFile(join(directory, 'model.safetensors.index.json'), JSON.stringify(index));
    expect(await failure(NAME, OFFLINE)).toContain('without all of its weights');
    await cp(join(directory, shards[0]), join(directory, shards[1]));
    expect((await locate(NAME, OFFLINE)).directory).toBe(directory);
  });

  test('a notice tells, once a process, that it serves in place of the hub', async () => {
    const { hub, notices, locate } = await setup();
    await locate();
    notices.length = 0;
    for (const parts of ['tokenizer', 'all'] as const) await locate(NAME, OFFLINE, parts);
    expect(notices).toEqual([`HF_HUB_OFFLINE is set: ${NAME} is read as the cache has it`]);
    await hub.stop();
    for (const parts of ['tokenizer', 'all'] as const) await locate(NAME, { HF_TOKEN: 'hf_other' }, parts);
    expect(notices.slice(1)).toEqual([
      expect.stringMatching(/^http\S+ cannot be reached \(.*\): acme\/tiny-model is read as the cache has it$/),
    ]);
  });

  test('nothing serves where a file cannot be written, or the download is given up', async () => {
    const { cache, hub, before, later, weights, locate, failure } = await moved();
    const blobs = join(cache, 'models--acme--tiny-model/blobs');
    const inTheWay = join(blobs, `${createHash('sha256').update(weights).digest('hex')}.incomplete`);
    await mkdir(inTheWay);
    expect(await failure(NAME, later)).toContain('it is a directory, not a file');
    await rm(inTheWay, { recursive: true });

    const stop = new AbortController();
    const settings = await hubSettings({ HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: cache, HF_HOME: cache, ...later });
    const given = downloadModel(NAME, {
      settings,
      weights: true,
      wanted: (path) => path === 'config.json' || path === 'model.safetensors',
      onDownload: () => stop.abort(new Error('given up')),
      signal: stop.signal,
    });
    await expect(given).rejects.toThrow('given up');
    expect((await locate(NAME, OFFLINE)).directory).toBe(before);
  });

  test('another commit does not serve where that of the tokenizer breaks off', async () => {
    const { hub, before, later, locate } = await moved();
    await locate(NAME, later, 'tokenizer');
    await hub.stop();
    const error: unknown = await locate(NAME, later).catch((thrown: unknown) => thrown);
    expect(messageOf(error)).toMatch(/^acme\/tiny-model could not be downloaded: http\S+ cannot be reached/);
    expect((await locate(NAME, OFFLINE)).directory).toBe(before);
  });
});

test('only where it may help it is said to try again', async () => {
  const { hub, locate } = await setup();
  const hint = async (status: number) => {
    hub.busy = status;
    const error: unknown = await locate(NAME, { HF_TOKEN: `hf_asked_for_${status}` }).catch((error: unknown) => error);
    return error instanceof CookbookError ? error.hint : null;
  };
  expect([await hint(503), await hint(429)]).toEqual(['Try again later.', 'Try again later.']);
  expect(await hint(410)).toBe('Look at the name, and at the address: HF_ENDPOINT sets another.');
  expect(await hint(404)).toContain('Look at the spelling.');
});

test('a revision can be named, and one that is not there is an error', async () => {
  const { locate, failure } = await setup();
  expect((await locate(`${NAME}@${SHA}`)).directory).toContain(SHA);
  expect(await failure(`${NAME}@v9`)).toContain('(status 404)');
});

test('names that lead nowhere say what can be named', async () => {
  const { failure } = await setup();
  expect(await failure('./nowhere/at/all')).toBe('model ./nowhere/at/all: there is no such directory or file');
  expect(await failure('./nowhere')).toBe('model ./nowhere: there is no such directory or file');
  expect(await failure('qwen3-8b')).toBe(
    'model qwen3-8b: there is no such directory or file; did you mean "Qwen/Qwen3-8B"?',
  );
  expect(await failure('llama-3.1-8b-instuct')).toContain('did you mean "meta-llama/Llama-3.1-8B-Instruct"');
  expect(await failure('meta-lama/Llama-3.1-8B')).toContain('did you mean "meta-llama/Llama-3.1-8B"');
  expect(await failure(NAME, { HF_ENDPOINT: 'hub.example' })).toContain('HF_ENDPOINT must be an address');
});
