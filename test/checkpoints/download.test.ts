import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { downloadCommand } from '../../src/checkpoints/command.ts';
import { type DownloadOptions, downloadCheckpoint } from '../../src/checkpoints/download.ts';
import { Progress } from '../../src/checkpoints/progress.ts';
import { type PathTarget, targetOf } from '../../src/checkpoints/target.ts';
import { readAdapterConfig } from '../../src/formats/adapter.ts';
import { type TarEntry, tarOf } from '../support/tar.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { type Answers, adapterFiles, listedAs, serve } from './support/checkpoint_service.ts';
import { runDirectory, saved } from './support/runs.ts';

const KEY = 'tml-a-key-that-nobody-may-see';
const SAMPLER = 'tinker://s/sampler_weights/final';
const STATE = 'tinker://s/weights/final';
const ARCHIVE = 'training_runs/s/checkpoints/sampler_weights/final/archive';

function pathTarget(path: string): PathTarget {
  const target = targetOf(path, {});
  if (target.is !== 'path') throw new Error(`${path} is no path`);
  return target;
}

const given = (url: string, to: string, more: Partial<DownloadOptions> = {}): DownloadOptions => ({
  env: { TINKER_BASE_URL: url, TINKER_API_KEY: KEY },
  notify: () => undefined,
  to,
  checkpoint: null,
  overwrite: false,
  signal: new AbortController().signal,
  ...more,
});

/** A service that hands out one archive from another address, as those do that keep files in a store. */
async function archiveService(entries: readonly TarEntry[], more: Answers = {}) {
  const bytes = gzipSync(tarOf(entries));
  const store = await serve({ 'GET /file': { bytes }, ...more });
  const service = await serve({
    [`GET ${ARCHIVE}`]: { status: 302, headers: { location: `${store.url}/file?signed=1` } },
    'GET training_runs/s': { json: { training_run_id: 's', base_model: 'org/served' } },
  });
  return { store, service };
}

it('an archive becomes the directory of an adapter, got from elsewhere without the key', async () => {
  const files = await adapterFiles(null);
  const ofServer = { name: 'checkpoint.json', body: Buffer.from('{}') };
  const { store, service } = await archiveService(
    [...files, ofServer].map((file) => ({ ...file, name: `./in/${file.name}` })),
  );
  const directory = await temporaryDirectory();
  const to = join(directory, 'new/adapter');
  expect(await downloadCheckpoint(pathTarget(SAMPLER), given(service.url, to))).toEqual({
    directory: to,
    path: SAMPLER,
    base_model: 'org/served',
  });
  expect((await readdir(to)).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
  expect(await readdir(join(directory, 'new'))).toEqual(['adapter']);
  expect((await readAdapterConfig(to)).base_model_name_or_path).toBe('org/served');
  expect(store.heard).toMatchObject([{ request: 'GET /file?signed=1', key: undefined }]);
  expect(new Set(service.heard.map(({ key }) => key))).toEqual(new Set([KEY]));
});

it('of a run, the weights that are sampled from are got, for the model of its spec', async () => {
  const { service } = await archiveService(await adapterFiles('org/elsewhere'));
  const directory = await temporaryDirectory();
  const run = await runDirectory(directory, {
    service: { builder: 'tinker', base_url: service.url },
    checkpoints: [saved('000010', 10, 's'), saved('final', 12, 's', { final: true })],
  });
  const to = join(directory, 'adapter');
  const { result, lines } = await downloadCommand(run, { ...given('', to), to });
  expect(result).toEqual({ directory: to, path: SAMPLER, base_model: '/models/tiny' });
  expect(lines.map((line) => line.replaceAll(directory, '.'))).toMatchInlineSnapshot(`
    [
      "./adapter holds the adapter tinker://s/sampler_weights/final, for /models/tiny",
      "",
      "  cookbook chat ./adapter  talk to it",
      "  AutoPeftModelForCausalLM.from_pretrained("./adapter")  in Python",
    ]
  `);
});

it('a place that is taken stays as it is, unless it holds an adapter and may be replaced', async () => {
  const { service } = await archiveService(await adapterFiles('org/model'));
  const to = join(await temporaryDirectory(), 'adapter');
  const download = (overwrite: boolean) =>
    downloadCheckpoint(pathTarget(SAMPLER), given(service.url, to, { overwrite }));
  await mkdir(to);
  await writeFile(join(to, 'thesis.txt'), 'years of work');
  await expect(download(false)).rejects.toMatchObject({
    hint: 'Name another directory with --to, or pass --overwrite.',
  });
  await expect(download(true)).rejects.toThrow(/is there already, and is no adapter$/);
  await writeFile(join(to, 'adapter_config.json'), '{}');
  await expect(download(false)).rejects.toThrow('is there already');
  expect((await readdir(to)).sort()).toEqual(['adapter_config.json', 'thesis.txt']);
  await download(true);
  expect((await readdir(to)).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
  expect(await readdir(join(to, '..'))).toEqual(['adapter']);
});

it('one that is replaced by several at once is whole, and each of them is done', async () => {
  const { service } = await archiveService(await adapterFiles('org/model'));
  const to = join(await temporaryDirectory(), 'adapter');
  await downloadCheckpoint(pathTarget(SAMPLER), given(service.url, to));
  const all = Array.from({ length: 4 }, () =>
    downloadCheckpoint(pathTarget(SAMPLER), given(service.url, to, { overwrite: true })),
  );
  for (const done of await Promise.all(all)) expect(done).toMatchObject({ base_model: 'org/model' });
  expect((await readdir(to)).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
  expect(await readdir(join(to, '..'))).toEqual(['adapter']);
});

it.each<[string, (files: TarEntry[]) => TarEntry[], string]>([
  ['leads out', (files) => [...files, { name: '../../evil' }], 'leads out of the directory'],
  ['holds a link', (files) => [...files, { name: 'link', type: '2' }], 'neither a file nor a directory'],
  ['holds no adapter', () => [{ name: 'readme.txt' }], 'holds no adapter (adapter_config.json): it holds readme.txt'],
  ['lacks the weights', ([config]) => [config], 'has no adapter_model.safetensors'],
  [
    'has damaged weights',
    ([config, { name, body = Buffer.alloc(0) }]) => [config, { name, body: body.subarray(0, -4) }],
    'adapter_model.safetensors',
  ],
])('of an archive that %s nothing is left', async (_, changed, message) => {
  const { service } = await archiveService(changed(await adapterFiles('org/model')));
  const directory = await temporaryDirectory();
  await expect(downloadCheckpoint(pathTarget(SAMPLER), given(service.url, join(directory, 'adapter')))).rejects.toThrow(
    message,
  );
  expect(await readdir(directory)).toEqual([]);
});

it('a connection that is lost in the middle is tried again, and one that is given up leaves nothing', async () => {
  const bytes = gzipSync(tarOf(await adapterFiles('org/model')));
  const stop = new AbortController();
  let gets = 0;
  const { service } = await archiveService([], {
    'GET /file': () => (++gets === 1 ? { bytes, cutAfter: 100 } : { bytes }),
    'GET /stopped': () => {
      stop.abort(new Error('asked to stop'));
      return { bytes, cutAfter: 100 };
    },
  });
  const directory = await temporaryDirectory();
  await downloadCheckpoint(pathTarget(SAMPLER), given(service.url, join(directory, 'adapter')));
  expect(gets).toBe(2);
  const stopping = await serve({
    [`GET ${ARCHIVE}`]: { json: { url: '/stopped' } },
    'GET /stopped': () => {
      stop.abort(new Error('asked to stop'));
      return { bytes, cutAfter: 100 };
    },
  });
  const options = given(stopping.url, join(directory, 'other'), { signal: stop.signal });
  await expect(downloadCheckpoint(pathTarget(SAMPLER), options)).rejects.toThrow('asked to stop');
  expect(await readdir(directory)).toEqual(['adapter']);
});

const EXTERNAL = 'training_runs/session:train:0/checkpoints/external_weights/download'.replace(
  'session:train:0',
  'session%3Atrain%3A0',
);

/** A service without archives: it writes the weights of a state as files, and hands those out. */
async function externalService(files: readonly { name: string; body: Buffer }[], more: Answers = {}) {
  const results: Record<string, Record<string, string>> = {
    load: { model_id: 'session:train:0' },
    save: { path: 'tinker://session:train:0/external_weights/download' },
  };
  return await serve({
    'GET training_runs/s': { json: { training_run_id: 's', base_model: 'org/served' } },
    'POST create_session': { json: { session_id: 'session' } },
    'POST load_weights': { json: { request_id: 'load' } },
    'POST get_info': { json: { model_data: { model_name: 'org/served' }, is_lora: true, lora_rank: 2 } },
    'POST save_weights_external': { json: { request_id: 'save' } },
    'POST retrieve_future': ({ json }) => ({ json: results[String(json.request_id)] }),
    [`GET ${EXTERNAL}/external_weights_urls`]: () => ({
      json: {
        urls: Object.fromEntries(files.map(({ name }) => [name, `files/${name}`])),
        expires: '2099-01-01T00:00:00Z',
      },
    }),
    [`DELETE ${EXTERNAL}`]: { status: 204 },
    'POST sessions/session/finish': { status: 204 },
    ...Object.fromEntries(files.map(({ name, body }) => [`GET /files/${name}`, { bytes: body }])),
    ...more,
  });
}

const aboutIt = (requests: readonly string[]) =>
  requests.filter((each) => !/client\/|heartbeat|retrieve_future|capabilities|archive|GET training_runs\/s/.test(each));

it('says that a checkpoint is not there, and how to see which are', async () => {
  const service = await serve({
    'GET training_runs/s/checkpoints': { status: 404 },
    'POST load_weights': { status: 404 },
  });
  const to = join(await temporaryDirectory(), 'adapter');
  await expect(downloadCheckpoint(pathTarget(STATE), given(service.url, to))).rejects.toMatchObject({
    message: `${service.url} has no checkpoint ${STATE}`,
    hint: 'List what it has with "cookbook checkpoints list".',
  });
});

it('where there is no archive, a service writes the weights of a state as files, which are deleted behind it', async () => {
  const service = await externalService(await adapterFiles('org/named'));
  const to = join(await temporaryDirectory(), 'adapter');
  const { base_model } = await downloadCheckpoint(pathTarget(STATE), given(service.url, to));
  expect(base_model).toBe('org/named');
  expect((await readdir(to)).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
  expect(aboutIt(service.requests())).toMatchInlineSnapshot(`
    [
      "POST create_session",
      "POST load_weights",
      "POST get_info",
      "POST save_weights_external",
      "GET /files/adapter_config.json",
      "GET /files/adapter_model.safetensors",
      "DELETE training_runs/session%3Atrain%3A0/checkpoints/external_weights/download",
      "POST sessions/session/finish",
    ]
  `);
  const bodyOf = (path: string) => service.heard.find(({ request }) => request === `POST ${path}`)?.json;
  expect(bodyOf('load_weights')).toMatchObject({
    session_id: 'session',
    model_seq_id: 0,
    path: STATE,
    optimizer: false,
  });
  expect(bodyOf('save_weights_external')).toEqual({
    model_id: 'session:train:0',
    path: 'download',
    seq_id: 1,
    ttl_seconds: 86_400,
    type: 'save_weights_external',
  });
});

it.each(['../evil', '/evil', 'a\\b'])(
  'a file of the name %j is not written, and the session is finished',
  async (name) => {
    const service = await externalService([{ name, body: Buffer.from('evil') }]);
    const directory = await temporaryDirectory();
    await expect(downloadCheckpoint(pathTarget(STATE), given(service.url, join(directory, 'adapter')))).rejects.toThrow(
      'has a file of the name',
    );
    expect(await readdir(directory)).toEqual([]);
    expect(aboutIt(service.requests()).slice(-2)).toEqual([`DELETE ${EXTERNAL}`, 'POST sessions/session/finish']);
  },
);

it('addresses that have expired are asked for anew', async () => {
  let refused = false;
  const files = await adapterFiles('org/named');
  const [config] = files;
  const service = await externalService(files, {
    [`GET /files/${config.name}`]: () => {
      if (refused) return { bytes: config.body };
      refused = true;
      return { status: 403, json: { detail: 'expired' } };
    },
  });
  const to = join(await temporaryDirectory(), 'adapter');
  await downloadCheckpoint(pathTarget(STATE), given(service.url, to));
  expect(await readFile(join(to, config.name))).toEqual(config.body);
});

it('the address of an archive that has expired is asked for anew', async () => {
  const bytes = gzipSync(tarOf(await adapterFiles('org/named')));
  let asked = 0;
  const { url } = await serve({
    [`GET ${ARCHIVE}`]: () => ({ json: { url: `/file${++asked}` } }),
    'GET /file1': { status: 403, json: { detail: 'expired' } },
    'GET /file2': { bytes },
  });
  const to = join(await temporaryDirectory(), 'adapter');
  await downloadCheckpoint(pathTarget(SAMPLER), given(url, to));
  expect((await readdir(to)).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors']);
});

it('a service that loads and writes for long is not waited for by who was asked to stop', async () => {
  const stop = new AbortController();
  const service = await externalService([], {
    'POST retrieve_future': () => {
      stop.abort(new Error('asked to stop'));
      return { status: 408 };
    },
  });
  const directory = await temporaryDirectory();
  const options = given(service.url, join(directory, 'adapter'), { signal: stop.signal });
  await expect(downloadCheckpoint(pathTarget(STATE), options)).rejects.toThrow('asked to stop');
  expect(await readdir(directory)).toEqual([]);
  expect(service.requests().at(-1)).toBe('POST sessions/session/finish');
});

it('names of a service cannot steer the terminal', async () => {
  const { service } = await archiveService(await adapterFiles('org/\u001b[2Jevil'));
  const to = join(await temporaryDirectory(), 'adapter');
  const { lines } = await downloadCommand(SAMPLER, { ...given(service.url, to), to });
  expect(lines[0]).toMatch(/for org\/\\u001b\[2Jevil$/);
  const told: string[] = [];
  const times = [0, 6_000, 6_000];
  new Progress(
    (message) => told.push(message),
    () => times.shift() ?? 0,
  ).at('a\u001b[2J\nb', 1, null);
  expect(told).toEqual(['a\\u001b[2J b: 1 B']);
});

it.each<[string, Answers, string, string]>([
  ['sampler weights without an archive', {}, SAMPLER, `hands out no archive of ${SAMPLER}`],
  [
    'what is deleted',
    { 'GET training_runs/s/checkpoints': { json: { checkpoints: [listedAs('tinker://s/weights/000010')] } } },
    STATE,
    `has no checkpoint ${STATE}: it was deleted, or has expired`,
  ],
  [
    'a file at no address of the web',
    { [`GET ${ARCHIVE}`]: { json: { url: 'file:///etc/passwd' } } },
    SAMPLER,
    'names a file at file:, which is not opened',
  ],
  [
    'a file that is redirected for ever',
    { [`GET ${ARCHIVE}`]: { json: { url: '/round' } }, 'GET /round': { status: 302, headers: { location: '/round' } } },
    SAMPLER,
    'is redirected for ever',
  ],
])('%s cannot be got', async (_, answers, path, message) => {
  const { url } = await serve(answers);
  const directory = await temporaryDirectory();
  await expect(downloadCheckpoint(pathTarget(path), given(url, join(directory, 'adapter')))).rejects.toThrow(message);
  expect(await readdir(directory)).toEqual([]);
});
