// Models by their name on the hub, from a server on this machine.

import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
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
