// Sessions and what is in them: made once, kept while their client is heard of, given back when they end.

import { describe, expect, it } from 'vitest';
import { Sessions } from '../../../src/tinker/server/sessions.ts';
import { adamJson, openModel, openServer, passJson, TINY } from '../../support/tinker_server.ts';

describe('a session', () => {
  it('is configured, heard of, and finished once', async () => {
    const { client } = await openServer();
    expect((await client.post('client/config', { sdk_version: '0.38.0' })).body).toMatchObject({
      pjwt_auth_enabled: false,
    });
    expect((await client.post('telemetry', { events: [] })).body).toEqual({ status: 'accepted' });
    const id = await client.session();
    expect((await client.post('session_heartbeat', { session_id: id })).status).toBe(200);
    const finish = () => client.post(`sessions/${id}/finish`, { reason: { type: 'success' }, detail: null });
    expect((await finish()).status).toBe(204);
    expect((await finish()).status).toBe(204);
    expect((await client.post('session_heartbeat', { session_id: id })).status).toBe(410);
    expect((await client.post('session_heartbeat', { session_id: 'other' })).status).toBe(404);
  });

  it('tells requests that wait when the server ends that it does, and blames no client', async () => {
    const { client, close, failures } = await openServer();
    const { model_id } = await openModel(client);
    const behind = await client.granted('forward_backward', passJson(model_id, 2));
    const told = client.result(behind);
    // What was sent later is answered, so the poll has arrived.
    await client.send('GET', 'healthz');
    await close();
    expect(await told).toMatchObject({ error: 'this server is shutting down', category: 'server' });
    expect(failures).toEqual([]);
  });

  it('tells how it ended, as its client said first', async () => {
    const { client } = await openServer();
    const made = { display_name: 'A run of mine', user_metadata: { recipe: 'sft' } };
    const id = String((await client.granted('create_session', made)).session_id);
    const about = async () => (await client.send('GET', `sessions/${id}`)).body;
    expect(await about()).toMatchObject({ ...made, status: { type: 'active' } });
    const finish = (type: string) => client.post(`sessions/${id}/finish`, { reason: { type }, detail: `was ${type}` });
    expect((await finish('errored')).status).toBe(204);
    expect((await finish('success')).status).toBe(204);
    const status = { type: 'client_finished', reason: { type: 'errored' }, detail: 'was errored' };
    expect(await about()).toMatchObject({ ...made, status });
    expect((await client.send('GET', 'sessions/other')).status).toBe(404);
  });

  it('keeps no more of what its client says than is worth it', async () => {
    const { client } = await openServer();
    const long = 'x'.repeat(100_000);
    expect(await client.post('create_session', { display_name: long })).toMatchObject({
      status: 400,
      body: { detail: 'display_name: holds 100000 characters, and 65536 are kept' },
    });
    const id = await client.session();
    expect((await client.post(`sessions/${id}/finish`, { reason: { type: long }, detail: long })).status).toBe(204);
    const { status } = Object((await client.send('GET', `sessions/${id}`)).body);
    expect([status.reason.type, status.detail]).toEqual([long.slice(0, 65_536), long.slice(0, 65_536)]);
  });

  it('is found by its name, its metadata and how it ended, newest first and a page at a time', async () => {
    const { client } = await openServer();
    const ids: string[] = [];
    for (const [i, display_name] of ['First try', 'Second try', 'Other'].entries()) {
      const made = { display_name, user_metadata: { number: `${i}`, kind: 'test' } };
      ids.push(String((await client.granted('create_session', made)).session_id));
    }
    await client.post(`sessions/${ids[1]}/finish`, { reason: { type: 'interrupted' } });
    const find = async (query: object) => {
      const { sessions, next_cursor } = Object(
        await client.granted('sessions/search', { owner: { type: 'own' }, ...query }),
      );
      return { found: sessions.map((each: object) => ids.indexOf(Object(each).session_id)), next_cursor };
    };
    const all = new Set([0, 1, 2]);
    expect(new Set((await find({})).found)).toEqual(all);
    expect(new Set((await find({ display_name: 'TRY' })).found)).toEqual(new Set([0, 1]));
    expect((await find({ display_name: 'try first' })).found).toEqual([0]);
    expect(new Set((await find({ display_name: 'second', session_id: ids[2] })).found)).toEqual(new Set([1, 2]));
    expect((await find({ user_metadata: { number: '2', kind: 'test' } })).found).toEqual([2]);
    expect(new Set((await find({ statuses: [{ type: 'active' }] })).found)).toEqual(new Set([0, 2]));
    expect((await find({ statuses: [{ type: 'client_finished', reasons: ['interrupted'] }] })).found).toEqual([1]);
    expect((await find({ statuses: [{ type: 'client_finished', reasons: ['success'] }] })).found).toEqual([]);
    const first = await find({ limit: 2 });
    const second = await find({ limit: 2, cursor: first.next_cursor });
    expect(new Set([...first.found, ...second.found])).toEqual(all);
    expect(second).toMatchObject({ found: [expect.any(Number)], next_cursor: null });
    expect((await client.post('sessions/search', { limit: 0 })).status).toBe(400);
    expect(Object((await client.send('GET', 'sessions?limit=2')).body).sessions).toHaveLength(2);
  });

  it('makes a model once for a number, and tells of it', async () => {
    const { client } = await openServer();
    const { session_id, model_id } = await openModel(client);
    expect(model_id).toBe(`${session_id}:train:0`);
    const again = { session_id, model_seq_id: 0, base_model: 'tiny', lora_config: { rank: 4, seed: 1 } };
    expect(await client.done('create_model', again)).toEqual({ type: 'create_model', model_id });
    expect(await client.granted('get_info', { model_id })).toMatchObject({
      model_id,
      is_lora: true,
      lora_rank: 4,
      model_data: { model_name: 'tiny', tokenizer_id: TINY },
    });
    const { body } = await client.send('GET', `sessions/${session_id}`);
    expect(body).toMatchObject({ training_run_ids: [model_id], sampler_ids: [] });
  });

  it('gives back its models and results when it ends', async () => {
    const { client } = await openServer({ limits: { models: 1 } });
    const { session_id, model_id } = await openModel(client);
    const promise = await client.granted('forward_backward', passJson(model_id, 1));
    await client.post(`sessions/${session_id}/finish`, {});
    expect((await client.post('retrieve_future', promise)).status).toBe(410);
    expect((await client.post('optim_step', adamJson(model_id, 2))).status).toBe(410);
    await openModel(client);
  });

  it('keeps the snapshots that were used last, and opens base models again', async () => {
    const { client } = await openServer({ limits: { samplers: 2 } });
    const { session_id, model_id } = await openModel(client);
    const sample = (sampling_session_id: string, seq_id: number) =>
      client.post('asample', {
        sampling_session_id,
        seq_id,
        prompt: { chunks: [{ tokens: [5] }] },
        sampling_params: { max_tokens: 1 },
      });
    const base = { session_id, sampling_session_seq_id: 9, base_model: 'tiny' };
    const baseId = String((await client.granted('create_sampling_session', base)).sampling_session_id);
    await client.result((await sample(baseId, 0)).body);
    const ids: string[] = [];
    for (const n of [0, 1, 2]) {
      const save = { model_id, seq_id: n + 1, sampling_session_seq_id: n };
      ids.push(String((await client.done('save_weights_for_sampler', save)).sampling_session_id));
    }
    expect(await sample(ids[0], 0)).toMatchObject({
      status: 404,
      body: { detail: expect.stringContaining('given back') },
    });
    expect((await sample(ids[2], 0)).status).toBe(200);
    expect(await client.result((await sample(baseId, 1)).body)).toMatchObject({ type: 'sample' });
  });

  it('cancels a sample, and no training', async () => {
    const { client } = await openServer();
    const { session_id, model_id } = await openModel(client);
    const base = { session_id, sampling_session_seq_id: 0, base_model: 'tiny' };
    const { sampling_session_id } = await client.granted('create_sampling_session', base);
    const request = { sampling_session_id, seq_id: 0, num_samples: 8, prompt: { chunks: [{ tokens: [5] }] } };
    const params = { max_tokens: 500, stop: [] };
    const promise = await client.granted('asample', { ...request, sampling_params: params });
    expect((await client.post('cancel_future', { request_id: promise.request_id })).status).toBe(204);
    expect((await client.post('cancel_future', { request_id: 'unknown' })).status).toBe(204);
    expect(await client.result(promise)).toMatchObject({ category: 'user', error: 'the request was cancelled' });
    const pass = await client.granted('forward_backward', passJson(model_id, 1));
    await client.post('cancel_future', { request_id: pass.request_id });
    expect(await client.result(pass)).toHaveProperty('metrics');
    expect(await client.granted('join_sampling_session', { sampling_session_id })).toMatchObject({ client_counter: 1 });
  });
});

describe('a silence', () => {
  const about = { user_metadata: {}, display_name: null };
  const opened = () => {
    const sessions = new Sessions({ sessions: 10, silenceMs: 1000 });
    const { id, heardAt } = sessions.create(about);
    return { sessions, id, heardAt };
  };

  it('ends with a word of the client, and with none of somebody who looks', () => {
    const { sessions, id, heardAt } = opened();
    sessions.about(id);
    expect(sessions.silent(heardAt + 1001)).toEqual([id]);
    sessions.end(id, { why: 'is over', finished: null });
    expect(sessions.silent(heardAt + 5000)).toEqual([]);
  });

  it('is none while the machine slept', () => {
    const { sessions, id, heardAt } = opened();
    sessions.excuse(60_000);
    expect(sessions.silent(heardAt + 60_900)).toEqual([]);
    expect(sessions.silent(heardAt + 61_100)).toEqual([id]);
  });
});
