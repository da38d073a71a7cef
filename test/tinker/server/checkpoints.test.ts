// Checkpoints behind `tinker://`: saved, listed, loaded, deleted, and there again after a restart.

import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../support/temporary_directory.ts';
import { adamJson, type JsonClient, openModel, openServer, passJson } from '../../support/tinker_server.ts';

const lossOf = (result: object) => Number(Object(result).metrics['loss:sum']);

async function trained(client: JsonClient) {
  const model = await openModel(client);
  await client.done('forward_backward', passJson(model.model_id, 1));
  await client.done('optim_step', adamJson(model.model_id, 2));
  return model;
}

/** What two more steps come to. */
async function goOn(client: JsonClient, model_id: string, seq: number): Promise<number[]> {
  const losses: number[] = [];
  for (const at of [seq, seq + 2]) {
    losses.push(lossOf(await client.done('forward_backward', passJson(model_id, at))));
    await client.done('optim_step', adamJson(model_id, at + 1));
  }
  return losses;
}

describe('a checkpoint', () => {
  it('is gone on from exactly, in both forms of loading, with its optimizer or a fresh one', async () => {
    const { client } = await openServer();
    const { session_id, model_id } = await trained(client);
    const { path } = await client.done('save_weights', { model_id, seq_id: 3, path: 'one' });
    expect(path).toBe(`tinker://${model_id}/weights/one`);
    const losses = await goOn(client, model_id, 4);

    const load = { session_id, model_seq_id: 1, path, optimizer: true };
    const created = await client.done('load_weights', load);
    expect(created.model_id).toBe(`${session_id}:train:1`);
    expect(await client.done('load_weights', load)).toEqual(created);
    expect(await goOn(client, `${session_id}:train:1`, 1)).toEqual(losses);

    expect(await client.granted('weights_info', { tinker_path: path })).toMatchObject({
      base_model: 'tiny',
      lora_rank: 4,
    });
    const old = { session_id, model_seq_id: 2, base_model: 'tiny', lora_config: { rank: 4, seed: 7 } };
    const legacy = String((await client.done('create_model', old)).model_id);
    await client.done('load_weights', { model_id: legacy, seq_id: 1, path, optimizer: true });
    expect(await goOn(client, legacy, 2)).toEqual(losses);

    await client.done('load_weights', { ...load, model_seq_id: 3, optimizer: false });
    const fresh = await goOn(client, `${session_id}:train:3`, 1);
    expect(fresh[0]).toBe(losses[0]);
    expect(fresh[1]).not.toBe(losses[1]);
  });

  it('is not overwritten unless that is asked for, and one for sampling is not trained on from', async () => {
    const { client } = await openServer();
    const { session_id, model_id } = await openModel(client);
    const save = (seq_id: number, more: object = {}) =>
      client.done('save_weights', { model_id, seq_id, path: 'one', ...more });
    await save(1);
    expect(await save(2)).toMatchObject({ category: 'user', error: expect.stringContaining('exists') });
    // The same request again is no other save.
    expect(await save(1)).toHaveProperty('path');
    expect(await save(3, { overwrite: true })).toHaveProperty('path');
    const named = await client.done('save_weights_for_sampler', {
      model_id,
      seq_id: 4,
      path: 'final',
      kind: 'snapshot',
    });
    const load = { session_id, model_seq_id: 1, path: named.path, optimizer: false };
    expect((await client.post('load_weights', load)).body.detail).toContain('saved for sampling');
    const sampler = { session_id, sampling_session_seq_id: 0, model_path: named.path, base_model: 'tiny' };
    const { sampling_session_id } = await client.granted('create_sampling_session', sampler);
    const ask = {
      sampling_session_id,
      seq_id: 0,
      prompt: { chunks: [{ tokens: [5] }] },
      sampling_params: { max_tokens: 2 },
    };
    expect(await client.done('asample', ask)).toHaveProperty('sequences');
  });

  it('is listed, published, dated and deleted', async () => {
    const { client } = await openServer();
    const { model_id } = await openModel(client);
    const user_metadata = { step: '1' };
    const saved = await client.done('save_weights', {
      model_id,
      seq_id: 1,
      path: 'one',
      user_metadata,
      ttl_seconds: 7200,
    });
    await client.done('save_weights_for_sampler', { model_id, seq_id: 2, path: 'one' });
    const run = `training_runs/${encodeURIComponent(model_id)}`;
    const list = async () => Object((await client.send('GET', `${run}/checkpoints`)).body).checkpoints;
    expect(await list()).toMatchObject([
      { checkpoint_id: 'sampler_weights/one', checkpoint_type: 'sampler', expires_at: null },
      {
        checkpoint_id: 'weights/one',
        checkpoint_type: 'training',
        tinker_path: saved.path,
        user_metadata,
        public: false,
      },
    ]);
    const one = `${run}/checkpoints/weights/one`;
    expect((await client.send('POST', `${one}/publish`)).status).toBe(204);
    expect((await client.send('PUT', `${one}/ttl`, { body: '{"ttl_seconds": null}' })).status).toBe(204);
    expect((await list())[1]).toMatchObject({ public: true, expires_at: null });
    expect((await client.send('DELETE', one)).status).toBe(204);
    expect((await client.send('DELETE', one)).status).toBe(404);
    expect(await list()).toHaveLength(1);
    expect((await client.send('GET', 'checkpoints')).body).toMatchObject({ cursor: { total_count: 1 } });
    expect((await client.send('GET', 'training_runs')).body).toMatchObject({
      training_runs: [{ training_run_id: model_id, base_model: 'tiny', lora_rank: 4, is_lora: true }],
    });
    expect((await client.send('GET', run)).body).toMatchObject({ last_checkpoint: null });
  });

  it('outlives its server, and not its time', async () => {
    const data = await temporaryDirectory();
    const first = await openServer({ data });
    const { model_id } = await trained(first.client);
    const { path } = await first.client.done('save_weights', { model_id, seq_id: 3, path: 'kept' });
    const short = await first.client.done('save_weights', { model_id, seq_id: 4, path: 'short', ttl_seconds: 1 });
    const losses = await goOn(first.client, model_id, 5);
    await first.close();

    const { client } = await openServer({ data });
    const session_id = await client.session();
    await client.done('load_weights', { session_id, model_seq_id: 0, path, optimizer: true });
    expect(await goOn(client, `${session_id}:train:0`, 1)).toEqual(losses);
    await expect
      .poll(async () => (await client.post('weights_info', { tinker_path: short.path })).status, { timeout: 5000 })
      .toBe(404);
  });
});
