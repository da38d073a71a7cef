// The service client over HTTP: what it opens, asks and closes, and what it says when it cannot.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { maxContextLengthOf } from '../../../src/tinker/capabilities.ts';
import { Credential } from '../../../src/tinker/http/credentials.ts';
import { Session } from '../../../src/tinker/http/session.ts';
import { Transport } from '../../../src/tinker/http/transport.ts';
import { ADAM, connect, FakeService, KEY, LORA } from './support/fake_service.ts';

it('goes on from a saved state with one request, under the name that the session gives', async () => {
  const fake = new FakeService();
  const { service } = await connect(await fake.start());
  const path = 'tinker://other:train:3/weights/000010';
  const fresh = await service.createTrainingClientFromState(path);
  const client = await service.createTrainingClientFromStateWithOptimizer(path);
  expect(fake.done).toEqual([`load_weights ${path} false`, `load_weights ${path} true`]);
  expect(fake.heardOf('load_weights').map(({ json }) => json)).toEqual([
    {
      session_id: 'session-1',
      model_seq_id: 0,
      path,
      optimizer: false,
      optimizer_config: { type: 'adamw' },
      type: 'load_weights',
    },
    { session_id: 'session-1', model_seq_id: 1, path, optimizer: true, type: 'load_weights' },
  ]);
  await client.optimStep(ADAM);
  expect(fake.heardOf('optim_step')[0].json).toMatchObject({ model_id: 'session-1:train:1', seq_id: 1 });
  expect(await fresh.getInfo()).toEqual({ base_model: 'org/toy', is_lora: true, lora_rank: 8, max_context_length: 64 });
});

it('loads into a new model where a service knows no other way', async () => {
  const fake = new FakeService({ loadsIntoModels: true });
  const { service } = await connect(await fake.start());
  const path = 'tinker://other/weights/000010';
  const client = await service.createTrainingClientFromStateWithOptimizer(path);
  await client.optimStep(ADAM);
  expect(fake.done).toEqual(['create_model', `load ${path} true`, 'optim_step']);
  expect(fake.heardOf('create_model')[0].json).toMatchObject({
    base_model: 'org/toy',
    lora_config: { rank: 16, train_mlp: false, train_attn: true, train_unembed: true },
  });
  expect(fake.heardOf('optim_step')[0].json.seq_id).toBe(2);
});

it('opens one session for all its clients, and finishes it when it is closed', async () => {
  const fake = new FakeService();
  const { service } = await connect(await fake.start(), { project_id: 'project' });
  await service.getServerCapabilities();
  expect(fake.heardOf('create_session')).toEqual([]);
  await Promise.all([service.createLoraTrainingClient(LORA), service.createSamplingClient({ base_model: 'org/toy' })]);
  await service.close();
  await service.close();
  expect(fake.heardOf('create_session').map(({ json }) => json.project_id)).toEqual(['project']);
  expect(fake.heardOf('sessions/session-1/finish').map(({ json }) => json)).toEqual([
    { reason: { type: 'success' }, detail: null },
  ]);
  await expect(service.createLoraTrainingClient(LORA)).rejects.toThrow('this service client is closed');
});

it('a closed training client refuses what has not been sent', async () => {
  const fake = new FakeService();
  const { service } = await connect(await fake.start());
  const client = await service.createLoraTrainingClient(LORA);
  await client.close();
  await expect(client.optimStep(ADAM)).rejects.toThrow('this training client is closed');
});

it('the heartbeat says that somebody is there, and is still when the session is finished', async () => {
  const fake = new FakeService();
  const address = await fake.start();
  const told: string[] = [];
  const credential = await Credential.of(address, {});
  const transport = new Transport({ address, credential, notify: (message) => told.push(message) });
  const session = await Session.open(transport, { project_id: null, user_metadata: {} });
  onTestFinished(() => session.close());
  await session.beat();
  fake.fault = () => ({ status: 410 });
  await session.beat();
  expect(fake.heardOf('session_heartbeat').map(({ json }) => json.session_id)).toEqual(['session-1', 'session-1']);
  expect(told).toEqual([]);
});

it('what the service allows is asked for again when it says, and counts from then on', async () => {
  const dynamic = { refresh_interval_sec: 60, sample_cancel_enabled: false };
  const fake = new FakeService({ dynamic });
  const address = await fake.start();
  let now = 0;
  const clock = { now: () => now, sleep: () => Promise.resolve() };
  const transport = new Transport({
    address,
    credential: await Credential.of(address, {}),
    notify: () => undefined,
    clock,
  });
  const session = await Session.open(transport, { project_id: null, user_metadata: {} });
  onTestFinished(() => session.close());
  dynamic.sample_cancel_enabled = true;
  now = 59_999;
  await session.beat();
  expect(session.cancelAllowed).toBe(false);
  now = 60_000;
  await session.beat();
  expect(session.cancelAllowed).toBe(true);
  // A service that fails to say so has not changed its mind.
  fake.fault = ({ path }) => (path === 'client/dynamic_config' ? { status: 403 } : null);
  now = 200_000;
  await session.beat();
  expect(session.cancelAllowed).toBe(true);
  expect(fake.heardOf('client/dynamic_config')).toHaveLength(3);
});

it('deletes checkpoints by their parts, and takes one that is gone for deleted', async () => {
  const fake = new FakeService();
  const { service } = await connect(await fake.start());
  await service.deleteCheckpoint('tinker://a:train:0/weights/00%2F1');
  fake.fault = () => ({ status: 404 });
  await service.deleteCheckpoint('tinker://a:train:0/sampler_weights/000001');
  // As services have it that leave the kind out.
  await service.deleteCheckpoint('tinker://model_1/final');
  expect(fake.heard.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'DELETE training_runs/a%3Atrain%3A0/checkpoints/weights/00%252F1',
    'DELETE training_runs/a%3Atrain%3A0/checkpoints/sampler_weights/000001',
    'DELETE training_runs/model_1/checkpoints/sampler_weights/final',
  ]);
  await expect(service.deleteCheckpoint('/tmp/weights')).rejects.toThrow('the service cannot read /tmp/weights');
});

it('finds the model of the service that a directory stands for by its last part', async () => {
  const models = [
    { model_name: 'org/toy', max_context_length: 64 },
    { model_name: 'org/other', max_context_length: 32 },
  ];
  const fake = new FakeService({ models });
  const { service, told } = await connect(await fake.start());
  expect(await maxContextLengthOf(service, '/home/me/models/Toy/')).toBe(64);
  const client = await service.createLoraTrainingClient({ base_model: '/home/me/models/Toy/', rank: 4 });
  expect(fake.heardOf('create_model')[0].json.base_model).toBe('org/toy');
  expect((await client.getInfo()).base_model).toBe('/home/me/models/Toy/');
  expect(told).toEqual(['/home/me/models/Toy/ is the model org/toy of the service']);
});

it('says which models a service has when it has not the one that is asked for', async () => {
  const fake = new FakeService();
  const address = await fake.start();
  const { service } = await connect(address);
  await expect(service.createLoraTrainingClient({ base_model: 'org/unknown', rank: 4 })).rejects.toMatchObject({
    message: `the service ${address} has no model "org/unknown"`,
    hint: 'It has org/toy. If one of them is meant, name it as service.base_model.',
  });
  const named = await connect(address, { base_model: 'org/toy' });
  await named.service.createLoraTrainingClient({ base_model: 'org/unknown', rank: 4 });
  expect(fake.heardOf('create_model')[0].json.base_model).toBe('org/toy');
});

it('says that a name is passed over where the service has the model by the name that it is asked for', async () => {
  const { service, told } = await connect(await new FakeService().start(), { base_model: 'org/none' });
  await service.createLoraTrainingClient(LORA);
  expect(told).toEqual(['service.base_model org/none is passed over: the service has org/toy itself']);
});

it('refuses a name that the service has not', async () => {
  const { service } = await connect(await new FakeService().start(), { base_model: 'org/none' });
  await expect(service.createLoraTrainingClient({ base_model: 'org/unknown', rank: 4 })).rejects.toMatchObject({
    message: expect.stringMatching(/^service\.base_model: the service http:.* has no model "org\/none"$/),
    hint: 'It has org/toy.',
  });
});

it('says that there may be no service where it lists nothing', async () => {
  const { service } = await connect(`${await new FakeService().start()}/elsewhere`);
  await expect(maxContextLengthOf(service, 'org/toy')).rejects.toMatchObject({
    hint: 'See that service.base_url is the address of a Tinker service, with its path. If it is, set service.max_context_length.',
  });
});

it('asks for the length of contexts that a service does not say', async () => {
  const fake = new FakeService({ models: [{ model_name: 'org/toy' }] });
  const address = await fake.start();
  const { service } = await connect(address);
  await expect(maxContextLengthOf(service, 'org/toy')).rejects.toMatchObject({
    hint: 'Set service.max_context_length.',
  });
  const told = await connect(address, { max_context_length: 128 });
  expect(await maxContextLengthOf(told.service, 'org/toy')).toBe(128);
});

it('passes on what the service says of itself', async () => {
  const fake = new FakeService();
  const { service, told } = await connect(await fake.start());
  fake.fault = ({ path }) =>
    path === 'create_session'
      ? {
          status: 200,
          body: { session_id: 'session-1', warning_message: 'down on\nSunday\u001b[2J' },
          headers: { 'x-deprecation-note': 'old client' },
        }
      : null;
  await service.createLoraTrainingClient(LORA);
  expect(told).toEqual(['the service says: old client', 'the service says: down on Sunday\\u001b[2J']);
});

it.each([
  [401, 'Set TINKER_API_KEY (or TINKER_CREDENTIAL_CMD) to a key of this service.'],
  [403, 'The key is valid and may not do this: ask who gave it to you.'],
])('%i is given up at once, without the key in any part of the error', async (status, hint) => {
  const fake = new FakeService();
  const { service } = await connect(await fake.start());
  fake.fault = () => ({ status, body: { detail: `the key ${KEY} is not known` } });
  const error: unknown = await service.createLoraTrainingClient(LORA).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({
    message: `GET /api/v1/get_server_capabilities: HTTP ${status}: the key [key] is not known`,
    hint,
  });
  expect(inspect(error, { depth: null, showHidden: true })).not.toContain(KEY);
  expect(fake.heard).toHaveLength(1);
});

it('follows no redirect: the key is for one address alone', async () => {
  const fake = new FakeService();
  const elsewhere = new FakeService();
  const { service } = await connect(await fake.start());
  const location = await elsewhere.start();
  fake.fault = () => ({ status: 302, headers: { location } });
  await expect(service.getServerCapabilities()).rejects.toThrow(`HTTP 302: it redirects to ${location}`);
  expect(elsewhere.heard).toEqual([]);
});

it('says what answers when it is no service of the Tinker API', async () => {
  const server = createServer((_, response) => response.setHeader('Content-Type', 'text/html').end('<html>'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const { service } = await connect(`http://127.0.0.1:${port}`);
  await expect(service.getServerCapabilities()).rejects.toMatchObject({
    message: 'GET /api/v1/get_server_capabilities: the answer cannot be read: it is text/html, not JSON',
    hint: `See that http://127.0.0.1:${port} is a service of the Tinker API.`,
  });
});

it('says where nobody answers, and what to do', async () => {
  const { service, told } = await connect('http://127.0.0.1:9');
  await expect(service.getServerCapabilities()).rejects.toMatchObject({
    message: expect.stringMatching(/no answer from http:\/\/127.0.0.1:9: .*, and nothing else for 30 s/),
    hint: expect.stringContaining('See that the service runs there'),
  });
  expect(told).toEqual([expect.stringMatching(/no answer from .*\. Trying again$/)]);
});

it('what is under way when it is closed is given up, so that nothing keeps the process', async () => {
  const fake = new FakeService({ pendingPolls: 1e9 });
  const { service } = await connect(await fake.start());
  const creating = service.createLoraTrainingClient(LORA);
  await expect.poll(() => fake.heardOf('retrieve_future').length).toBeGreaterThan(2);
  await service.close();
  await expect(creating).rejects.toThrow('this service client is closed');
  const polls = fake.heardOf('retrieve_future').length;
  expect(fake.heardOf('sessions/session-1/finish')).toHaveLength(1);
  expect(fake.heardOf('retrieve_future').length).toBe(polls);
});
