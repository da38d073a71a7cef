// Checkpoints as weights: overwritten as a whole or not at all, copied, and taken away as files.

import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { readAdapterConfig } from '../../../src/formats/adapter.ts';
import { isCheckpointName } from '../../../src/tinker/local_path.ts';
import { Downloads } from '../../../src/tinker/server/downloads.ts';
import { temporaryDirectory } from '../../support/temporary_directory.ts';
import {
  adamJson,
  type JsonClient,
  jsonClient,
  openModel,
  openServer,
  passJson,
  TOKENS,
} from '../../support/tinker_server.ts';

const KEY = 'tml-of-this-server';

/** A checkpoint of one step's weights. */
async function saved(client: JsonClient, operation = 'save_weights') {
  const model = await openModel(client);
  const { model_id } = model;
  await client.done('forward_backward', passJson(model_id, 1));
  await client.done('optim_step', adamJson(model_id, 2, 0.1));
  const { path } = await client.done(operation, { model_id, seq_id: 3, path: 'one' });
  return { ...model, path: String(path) };
}

async function logprobsOf(client: JsonClient, session_id: string, path: string, sampling_session_seq_id: number) {
  const made = { session_id, model_path: path, sampling_session_seq_id };
  const { sampling_session_id } = await client.granted('create_sampling_session', made);
  return await scored(client, String(sampling_session_id), 0);
}

async function scored(client: JsonClient, sampling_session_id: string, seq_id: number) {
  const request = { sampling_session_id, seq_id, prompt: { chunks: [{ tokens: TOKENS }] }, prompt_logprobs: true };
  return await client.done('asample', { ...request, sampling_params: { max_tokens: 1 } });
}

describe('a checkpoint that is overwritten', () => {
  it('lies in another place than before; what a kill left beside it is gone when the server is started again', async () => {
    const data = await temporaryDirectory();
    const first = await openServer({ data });
    const { model_id, session_id, path } = await saved(first.client);
    const directory = join(data, 'runs', model_id.replaceAll(':', '-'), 'weights');
    const [before] = await readdir(directory);
    await first.client.done('forward_backward', passJson(model_id, 4));
    await first.client.done('optim_step', adamJson(model_id, 5, 0.1));
    await first.client.done('save_weights', { model_id, seq_id: 6, path: 'one', overwrite: true });
    const [after, ...others] = await readdir(directory);
    expect(others).toEqual([]);
    expect(after).not.toBe(before);
    const told = await logprobsOf(first.client, session_id, path, 0);
    await first.close();
    for (const left of ['one-0123456789ab', `${after}.0123456789ab.tmp`]) await mkdir(join(directory, left));
    await mkdir(join(data, 'runs', 'killed-before-its-first', 'weights', 'one-0123456789ab'), { recursive: true });

    const { client } = await openServer({ data });
    expect(await readdir(directory)).toEqual([after]);
    expect(await readdir(join(data, 'runs'))).toEqual([model_id.replaceAll(':', '-')]);
    const again = await logprobsOf(client, await client.session(), path, 0);
    expect(again.prompt_logprobs).toEqual(told.prompt_logprobs);
  });

  it('is what is loaded by a request that was sent behind the one that overwrites', async () => {
    const { client } = await openServer();
    const { model_id, path } = await saved(client);
    const overwrites = await client.granted('save_weights', { model_id, seq_id: 4, path: 'one', overwrite: true });
    const loads = await client.granted('load_weights', { model_id, seq_id: 5, path, optimizer: true });
    expect(await client.result(overwrites)).toMatchObject({ path });
    expect(await client.result(loads)).toMatchObject({ path, model_id });
  });

  it('is told of where a sampler was about to open the one before', async () => {
    const { client } = await openServer();
    const { model_id, session_id } = await saved(client);
    const save = (seq_id: number) => client.done('save_weights_for_sampler', { model_id, seq_id, path: 's' });
    const { path } = await save(4);
    for (let number = 1; number <= 5; number++) {
      const sampler = { session_id, sampling_session_seq_id: number, model_path: path };
      const { sampling_session_id } = await client.granted('create_sampling_session', sampler);
      const [, answer] = await Promise.all([save(4 + number), scored(client, String(sampling_session_id), 0)]);
      const said = Object.hasOwn(answer, 'error') ? String(Object(answer).error) : 'was overwritten since';
      expect(said).toContain('was overwritten since');
    }
  });

  it('is not sampled from by a sampler that was made of the one before', async () => {
    const { client } = await openServer({ limits: { samplers: 1 } });
    const { model_id, session_id, path } = await saved(client);
    await logprobsOf(client, session_id, path, 0);
    await client.done('save_weights', { model_id, seq_id: 4, path: 'one', overwrite: true });
    // The weights that it holds are its own, until another sampler takes their room.
    expect(await scored(client, `${session_id}:sample:0`, 1)).toHaveProperty('prompt_logprobs');
    await logprobsOf(client, session_id, path, 1);
    expect(await scored(client, `${session_id}:sample:0`, 2)).toMatchObject({
      category: 'user',
      error: expect.stringContaining('was overwritten since'),
    });
  });

  it('is served from where older servers have put it', async () => {
    const data = await temporaryDirectory();
    const first = await openServer({ data });
    const { model_id, path } = await saved(first.client);
    await first.close();
    const run = join(data, 'runs', model_id.replaceAll(':', '-'));
    const record = JSON.parse(await readFile(join(run, 'training_run.json'), 'utf8'));
    const [place] = await readdir(join(run, 'weights'));
    await rename(join(run, 'weights', place), join(run, 'weights', 'one'));
    delete record.checkpoints[0].directory;
    await writeFile(join(run, 'training_run.json'), JSON.stringify(record));
    const { client } = await openServer({ data });
    expect(await logprobsOf(client, await client.session(), path, 0)).toHaveProperty('prompt_logprobs');
  });

  it('has a name that is no place of its own', () => {
    const names = ['one', '000020', 'a.b-c_d', '.', '..', '...', 'x.tmp', 'x.TMP', '', 'a/b', 'ä'];
    expect(names.filter(isCheckpointName)).toEqual(['one', '000020', 'a.b-c_d']);
  });
});

describe('copies of a checkpoint', () => {
  it('are made once for a request, and outlive the original', async () => {
    const { client, url } = await openServer();
    const { session_id, model_id, path } = await saved(client);
    const copy = async (body: object, key: string) => {
      const headers = { 'Content-Type': 'application/json', 'X-Idempotency-Key': key };
      const response = await fetch(`${url}/api/v1/copy_weights`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      return Object(await response.json());
    };
    const request = { source_path: path, destination_project_id: 'elsewhere', ttl_seconds: 7200 };
    const [first, again, other] = [await copy(request, 'a'), await copy(request, 'a'), await copy(request, 'b')];
    expect(again).toEqual(first);
    expect(other.tinker_path).not.toBe(first.tinker_path);
    const slot = { source_path: path, session_id, model_seq_id: 7 };
    expect(await copy(slot, 'c')).toEqual({ tinker_path: `tinker://${session_id}:train:7/weights/one` });
    expect((await copy(slot, 'd')).detail).toContain('already');
    expect((await client.post('create_model', { ...slot, base_model: 'tiny' })).status).toBe(400);

    const before = await logprobsOf(client, session_id, path, 0);
    const one = `training_runs/${encodeURIComponent(model_id)}/checkpoints/weights/one`;
    expect((await client.send('DELETE', one)).status).toBe(204);
    for (const [i, tinker_path] of [first.tinker_path, `tinker://${session_id}:train:7/weights/one`].entries()) {
      const { prompt_logprobs } = await logprobsOf(client, session_id, tinker_path, 1 + i);
      expect(prompt_logprobs).toEqual(before.prompt_logprobs);
    }
    expect(
      await client.done('load_weights', { session_id, model_seq_id: 8, path: other.tinker_path, optimizer: true }),
    ).toEqual({ type: 'load_weights', model_id: `${session_id}:train:8` });
  });

  it('are refused where they have no place, or several', async () => {
    const { client } = await openServer();
    const refused = async (body: object) => (await client.post('copy_weights', body)).status;
    const source_path = 'tinker://a:train:0/weights/one';
    expect(await refused({ source_path })).toBe(400);
    expect(await refused({ source_path, session_id: 'a' })).toBe(400);
    expect(await refused({ source_path, session_id: 'a', model_seq_id: 0, destination_project_id: 'b' })).toBe(400);
    expect(await refused({ source_path, session_id: 'a', model_seq_id: 0 })).toBe(404);
    expect(await refused({ source_path, destination_project_id: 'b' })).toBe(404);
  });
});

describe('the files of a checkpoint', () => {
  it('are had by their addresses alone, and read by other programs', async () => {
    const { url } = await openServer({ key: KEY });
    const client = jsonClient(url, KEY);
    const { model_id, path, session_id } = await saved(client, 'save_weights_external');
    expect(path).toBe(`tinker://${model_id}/external_weights/one`);
    const run = `training_runs/${encodeURIComponent(model_id)}/checkpoints`;
    expect((await client.send('GET', run)).body).toMatchObject({
      checkpoints: [{ checkpoint_id: 'external_weights/one', checkpoint_type: 'external', tinker_path: path }],
    });
    const { urls, expires } = Object(
      (await client.send('GET', `${run}/external_weights/one/external_weights_urls`)).body,
    );
    expect(Date.parse(expires)).toBeGreaterThan(Date.now() + 600_000);
    const directory = await temporaryDirectory();
    for (const [name, address] of Object.entries(urls)) {
      const response = await fetch(String(address));
      expect(response.status).toBe(200);
      const bytes = Buffer.from(await response.arrayBuffer());
      expect(response.headers.get('Content-Length')).toBe(`${bytes.length}`);
      await writeFile(join(directory, name), bytes);
    }
    expect(await readAdapterConfig(directory)).toMatchObject({ rank: 4 });

    const address = String(urls['adapter_config.json']);
    for (const wrong of [
      address.replace('adapter_config.json', 'checkpoint.json'),
      address.replace('external_weights', 'weights'),
      address.replace(/downloads\/\d+/, 'downloads/99999999999999'),
      address.replace(/[0-9a-f]{64}/, 'é'),
    ]) {
      expect((await fetch(wrong)).status).toBe(403);
    }
    expect((await client.post('load_weights', { session_id, model_seq_id: 9, path })).status).toBe(400);
    expect((await client.send('DELETE', `${run}/external_weights/one`)).status).toBe(204);
    expect((await fetch(address)).status).toBe(404);
    expect((await fetch(`${url}/api/v1/healthz`)).status).toBe(401);
  });

  it('come as one archive for clients that ask for that', async () => {
    const { client } = await openServer();
    const { model_id } = await saved(client);
    const one = `training_runs/${encodeURIComponent(model_id)}/checkpoints/weights/one`;
    const { url, expires } = Object((await client.send('GET', `${one}/archive`)).body);
    expect(Date.parse(expires)).toBeGreaterThan(Date.now());
    const directory = await temporaryDirectory();
    const archive = join(directory, 'archive.tar.gz');
    await writeFile(archive, Buffer.from(await (await fetch(url)).arrayBuffer()));
    await execa('tar', ['-xzf', archive, '-C', directory]);
    expect((await readdir(directory)).sort()).toEqual([
      'adapter_config.json',
      'adapter_model.safetensors',
      'archive.tar.gz',
      'checkpoint_complete',
    ]);
    expect(await readAdapterConfig(directory)).toMatchObject({ rank: 4 });
    expect((await client.send('GET', `${one}/external_weights_urls`)).status).toBe(400);
  });

  it('have addresses of https where a proxy in front says that it was called so, at the name that it was called by', async () => {
    const { client } = await openServer();
    const { model_id } = await saved(client);
    const one = `training_runs/${encodeURIComponent(model_id)}/checkpoints/weights/one/archive`;
    const given = async (header?: string, value = '') => {
      const headers = header === undefined ? {} : { [header]: value };
      const { url } = Object((await client.send('GET', one, { headers })).body);
      return new URL(url);
    };
    const { host } = new URL(client.url);
    expect(await given('X-Forwarded-Proto', 'https')).toMatchObject({ protocol: 'https:', host });
    expect(await given('X-Forwarded-Proto', 'https, http')).toMatchObject({ protocol: 'https:', host });
    expect(await given()).toMatchObject({ protocol: 'http:', host });
    expect(await given('X-Forwarded-Proto', 'ftp')).toMatchObject({ protocol: 'http:', host });
    expect(await given('X-Forwarded-Host', 'elsewhere.example')).toMatchObject({ protocol: 'http:', host });
  });

  it('are not encrypted, which is said', async () => {
    const { client } = await openServer();
    const { model_id } = await openModel(client);
    const save = { model_id, seq_id: 1, path: 'one', age_encryption_recipients: ['age1x'] };
    expect(await client.post('save_weights_external', save)).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('encrypts nothing') },
    });
    expect((await client.post('save_weights_external', { model_id, seq_id: 2, path: 'x.tmp' })).status).toBe(400);
    // Both numbers are used up.
    expect(await client.done('save_weights_external', { model_id, seq_id: 3, path: 'one' })).toMatchObject({
      size_bytes: expect.any(Number),
    });
  });

  it('are not had when their time is over, nor of another server', () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const downloads = new Downloads();
    const path = 'tinker://a:train:0/weights/one';
    const { urls, expires: until } = downloads.urls('http://here', path, ['x']);
    const [expires, signature] = urls.x.split('/').slice(4);
    const address = { expires, signature, path, file: 'x' };
    downloads.check(address);
    expect(() => new Downloads().check(address)).toThrow('no address of a download');
    expect(() => downloads.check({ ...address, file: 'y' })).toThrow('no address of a download');
    vi.setSystemTime(Date.parse(until) + 1);
    expect(() => downloads.check(address)).toThrow('has expired');
  });
});
