// What is no request, or not for whoever sends it: a 4xx with a reason, and a server that goes on.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { datumJson, type JsonClient, openModel, openServer, passJson } from '../../support/tinker_server.ts';

const PROTOBUF = 'application/x-protobuf';

/** It answers, and nothing has failed in it. */
async function expectUnharmed(client: JsonClient, failures: readonly unknown[]): Promise<void> {
  expect(failures).toEqual([]);
  expect((await client.send('GET', 'healthz')).body).toEqual({ status: 'ok' });
}

function expectRefused({ status, body }: { status: number; body: object }): void {
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(500);
  expect(status).not.toBe(409);
  expect(body).toEqual({ detail: expect.stringMatching(/./) });
}

describe('the server', () => {
  it('refuses bodies that are none, on every route', async () => {
    const { client, failures } = await openServer();
    const paths = [
      ...['create_session', 'session_heartbeat', 'create_model', 'get_info', 'unload_model', 'forward_backward'],
      ...['forward', 'optim_step', 'save_weights', 'save_weights_for_sampler', 'load_weights', 'asample'],
      ...['create_sampling_session', 'retrieve_future', 'cancel_future', 'join_sampling_session', 'weights_info'],
    ];
    const bodies = [
      '{',
      '[]',
      'null',
      '"x"',
      '{"session_id": 7, "model_id": [], "user_metadata": 3, "request_id": {}}',
    ];
    for (const path of paths) {
      for (const body of bodies) expectRefused(await client.send('POST', path, { body }));
      expectRefused(await client.send('POST', path, { body: 'x', headers: { 'Content-Encoding': 'gzip' } }));
      expectRefused(await client.send('POST', path, { body: '{}', headers: { 'Content-Encoding': 'br' } }));
    }
    await expectUnharmed(client, failures);
  });

  it('refuses protobuf that is none, whatever the bytes', async () => {
    const { client, failures } = await openServer();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        const headers = { 'Content-Type': PROTOBUF };
        expectRefused(await client.send('POST', 'forward_backward', { body: Uint8Array.from(bytes), headers }));
      }),
      { numRuns: 100 },
    );
    await expectUnharmed(client, failures);
  });

  it('says which field of a request is wrong', async () => {
    const { client } = await openServer();
    const { model_id, session_id } = await openModel(client);
    const wrong = async (path: string, body: object) => (await client.post(path, body)).body.detail;
    const datum = {
      ...datumJson(),
      model_input: { chunks: [{ type: 'image', data: '', format: 'png', expected_tokens: 1 }] },
    };
    expect(await wrong('forward_backward', passJson(model_id, 1, [datum]))).toContain('data[0].model_input');
    expect(await wrong('optim_step', { model_id, seq_id: 2, adam_params: { beta1: 'x' } })).toContain(
      'adam_params.beta1',
    );
    expect(await wrong('optim_step', { model_id, seq_id: 2, optimizer_params: { beta1: 'x' } })).toContain(
      'optimizer_params.beta1',
    );
    expect(await wrong('optim_step', { model_id, seq_id: 0 })).toContain('seq_id');
    const model = { session_id, model_seq_id: 1, base_model: 'tiny' };
    expect(await wrong('create_model', { ...model, base_model: 'other' })).toBe(
      'no model "other" is served here; there is tiny',
    );
    expect(await wrong('create_model', { ...model, lora_config: { rank: 1.5 } })).toContain('lora_config.rank');
    expect(await wrong('create_model', { ...model, optimizer_config: { type: 'dimuon', version: 1 } })).toContain(
      'dimuon',
    );
    expect(await wrong('forward_backward', { ...passJson(model_id, 3), model_id: `${session_id}:train:9` })).toContain(
      'no model',
    );
  });

  it('takes no name that leads out of its directory, and none that it would take for leftovers', async () => {
    const { client } = await openServer();
    const { model_id } = await openModel(client);
    const names = ['..', '.', '../../x', 'a/b', 'a\\b', 'a\0', 'x.tmp', '', ' ', 'x'.repeat(200)];
    for (const [i, path] of names.entries()) {
      expectRefused(await client.post('save_weights', { model_id, seq_id: i + 1, path }));
    }
    for (const path of [
      'tinker://../../weights/x',
      'tinker:///weights/x',
      '/etc/passwd',
      'tinker://a/b/c/d',
      `tinker://${model_id}/weights/../x`,
    ]) {
      expectRefused(await client.post('weights_info', { tinker_path: path }));
      const session_id = await client.session();
      expectRefused(await client.post('create_sampling_session', { session_id, model_path: path }));
    }
    const run = encodeURIComponent(model_id);
    for (const path of [
      `${run}/checkpoints/weights/..%2f..`,
      `${run}/checkpoints/else/x`,
      '..%2f../checkpoints/weights/x',
    ]) {
      expectRefused(await client.send('DELETE', `training_runs/${path}`));
    }
  });

  it('lets in who has the key alone', async () => {
    const { client } = await openServer({ key: 'tml-secret' });
    expectRefused(await client.send('GET', 'healthz'));
    const ask = (key: string) => client.send('GET', 'healthz', { headers: { 'X-API-Key': key } });
    expect((await ask('tml-other')).status).toBe(401);
    expect((await ask('tml-secret')).status).toBe(200);
  });

  it('does not answer pages of websites', async () => {
    const { client } = await openServer();
    const answer = await client.send('GET', 'healthz', { headers: { Origin: 'https://example.com' } });
    expect(answer.status).toBe(403);
  });

  it('refuses bodies that are too large, packed or not', async () => {
    const { client, failures } = await openServer({ limits: { bodyBytes: 1000 } });
    const body = JSON.stringify({ tags: ['x'.repeat(2000)] });
    expect((await client.send('POST', 'create_session', { body })).status).toBe(413);
    // Of which it is not said beforehand how large it is.
    const stream = new Response(body).body;
    const streamed = await fetch(`${client.url}/api/v1/create_session`, {
      method: 'POST',
      body: stream,
      duplex: 'half',
    });
    expect(streamed.status).toBe(413);
    const packed = await new Response(
      new Blob([body]).stream().pipeThrough(new CompressionStream('gzip')),
    ).arrayBuffer();
    expect(packed.byteLength).toBeLessThan(1000);
    const headers = { 'Content-Encoding': 'gzip' };
    expect((await client.send('POST', 'create_session', { body: packed, headers })).status).toBe(413);
    await expectUnharmed(client, failures);
  });

  it('has no more sessions and models than it takes', async () => {
    const { client } = await openServer({ limits: { sessions: 1, models: 1 } });
    const { session_id } = await openModel(client);
    expect(await client.post('create_session', {})).toMatchObject({
      status: 429,
      body: { detail: expect.stringMatching(/finish sessions .* after 15 min$/) },
    });
    const another = { session_id, model_seq_id: 1, base_model: 'tiny', lora_config: { rank: 4 } };
    expect((await client.post('create_model', another)).status).toBe(429);
  });

  it('says that there is no such route', async () => {
    const { client } = await openServer();
    expectRefused(await client.post('nothing', {}));
    expectRefused(await client.send('GET', 'create_session'));
  });
});
