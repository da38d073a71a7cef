// Training and sampling through HTTP: the numbers of the engine itself, each request once, in order.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openLocalService } from '../../../src/engine/engine.ts';
import { type Datum, modelInputFromTokens } from '../../../src/tinker/types.ts';
import {
  decodeForwardBackwardOutput,
  encodeForwardBackwardRequest,
} from '../../../src/tinker/wire/forward_backward.ts';
import { decodeSampleResponse } from '../../../src/tinker/wire/sample.ts';
import type { JsonObject } from '../../../src/util/json.ts';
import {
  adamJson,
  datumJson,
  type JsonClient,
  MICROBATCH_TOKENS,
  openModel,
  openServer,
  passJson,
  TINY,
  TOKENS,
} from '../../support/tinker_server.ts';

const PROTOBUF = 'application/x-protobuf';
const ADAM = { learning_rate: 1e-3, beta1: 0.9, beta2: 0.95, eps: 1e-12, weight_decay: 0, grad_clip_norm: 0 };
const OTHER = [20, 31, 42, 53, 64];

function datum(tokens: readonly number[]): Datum {
  const targets = tokens.slice(1);
  return {
    model_input: modelInputFromTokens(tokens.slice(0, -1)),
    loss_fn_inputs: { target_tokens: { data: targets, dtype: 'int64', shape: [targets.length] } },
  };
}

async function localService() {
  const checkpoints = await mkdtemp(join(tmpdir(), 'cookbook-local-'));
  const service = openLocalService({ threads: 1, checkpoints, microbatchTokens: MICROBATCH_TOKENS, seed: 0 });
  onTestFinished(async () => {
    await service.close();
    await rm(checkpoints, { recursive: true });
  });
  return service;
}

const lossOf = (result: JsonObject) => Number(Object(result.metrics)['loss:sum']);

/** A result in protobuf. */
async function bytesOf({ url }: JsonClient, promise: JsonObject): Promise<Uint8Array> {
  const response = await fetch(`${url}/api/v1/retrieve_future`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: `${PROTOBUF}, application/json` },
    body: JSON.stringify({ request_id: promise.request_id }),
  });
  expect(response.headers.get('Content-Type')).toBe(PROTOBUF);
  return new Uint8Array(await response.arrayBuffer());
}

/** What the engine by itself makes of three steps. */
async function localRun() {
  const client = await (await localService()).createLoraTrainingClient({ base_model: TINY, rank: 4, seed: 1 });
  const losses: number[] = [];
  const norms: number[] = [];
  for (let step = 0; step < 3; step++) {
    const pass = await client.forwardBackward([datum(TOKENS), datum(OTHER)], 'cross_entropy');
    const stepped = await client.optimStep(ADAM);
    losses.push((await pass.result()).metrics['loss:sum']);
    norms.push((await stepped.result()).metrics?.grad_norm ?? Number.NaN);
  }
  const scored = await (await client.forward([datum(TOKENS)], 'cross_entropy')).result();
  const sampler = await client.saveWeightsAndGetSamplingClient();
  const sampled = await sampler.sample(modelInputFromTokens([5, 6, 7]), 2, { max_tokens: 6, seed: 9 });
  return { losses, norms, logprobs: Array.from(scored.loss_fn_outputs[0].logprobs.data), sampled };
}

describe('training over HTTP', () => {
  it('gets the bits that the engine by itself gets, in JSON', async () => {
    const { client } = await openServer();
    const { model_id } = await openModel(client);
    const data = [datumJson(TOKENS), datumJson(OTHER)];
    const losses: number[] = [];
    const norms: number[] = [];
    for (let step = 0; step < 3; step++) {
      const pass = await client.granted('forward_backward', passJson(model_id, 2 * step + 1, data));
      const stepped = await client.granted('optim_step', adamJson(model_id, 2 * step + 2));
      losses.push(lossOf(await client.result(pass)));
      norms.push(Number(Object((await client.result(stepped)).metrics).grad_norm));
    }
    const local = await localRun();
    expect(losses).toEqual(local.losses);
    expect(norms).toEqual(local.norms);
    expect(losses[2]).toBeLessThan(losses[0]);
    const input = { data: [datumJson(TOKENS)], loss_fn: 'cross_entropy' };
    const scored = await client.done('forward', { model_id, seq_id: 7, forward_input: input });
    expect(Object(scored.loss_fn_outputs)[0].logprobs.data).toEqual(local.logprobs);
  });

  it('gets them in protobuf, and so does sampling', async () => {
    const { client } = await openServer();
    const { model_id } = await openModel(client);
    const send = async (seq_id: number, data: Datum[], forward_only = false) => {
      const body = { model_id, seq_id, data, loss_fn: 'cross_entropy', loss_fn_config: {}, forward_only };
      const { body: promise } = await client.send('POST', 'forward_backward', {
        body: Uint8Array.from(encodeForwardBackwardRequest(body)),
        headers: { 'Content-Type': PROTOBUF },
      });
      return decodeForwardBackwardOutput(await bytesOf(client, promise));
    };
    const losses: number[] = [];
    for (let step = 0; step < 3; step++) {
      losses.push((await send(2 * step + 1, [datum(TOKENS), datum(OTHER)])).metrics['loss:sum']);
      await client.done('optim_step', adamJson(model_id, 2 * step + 2));
    }
    const local = await localRun();
    expect(losses).toEqual(local.losses);
    const scored = await send(7, [datum(TOKENS)], true);
    expect(Array.from(scored.loss_fn_outputs[0].logprobs.data)).toEqual(local.logprobs);

    const snapshot = { model_id, seq_id: 8, sampling_session_seq_id: 0, kind: 'snapshot' };
    const { sampling_session_id } = await client.done('save_weights_for_sampler', snapshot);
    const promise = await client.granted('asample', {
      sampling_session_id,
      seq_id: 0,
      num_samples: 2,
      prompt: { chunks: [{ type: 'encoded_text', tokens: [5] }, { tokens: [6, 7] }] },
      sampling_params: { max_tokens: 6, seed: 9 },
    });
    expect(promise.sample_sequence_ids).toHaveLength(2);
    expect(decodeSampleResponse(await bytesOf(client, promise)).sequences).toEqual(local.sampled.sequences);
  });

  it('takes a step of reinforcement learning', async () => {
    const { client } = await openServer();
    const { model_id } = await openModel(client);
    const { sampling_session_id } = await client.done('save_weights_for_sampler', {
      model_id,
      seq_id: 1,
      sampling_session_seq_id: 0,
    });
    const ask = {
      sampling_session_id,
      prompt: { chunks: [{ tokens: [5, 6, 7] }] },
      sampling_params: { max_tokens: 4 },
    };
    const { sequences } = await client.done('asample', { ...ask, seq_id: 0, num_samples: 3 });
    const data = Object(sequences).map(({ tokens, logprobs }: { tokens: number[]; logprobs: number[] }, i: number) => {
      const shape = [tokens.length + 2];
      const advantages = [0, 0, ...tokens.map(() => i - 1)];
      return datumJson([5, 6, 7, ...tokens], {
        logprobs: { data: [0, 0, ...logprobs], dtype: 'float32', shape },
        advantages: { data: advantages, dtype: 'float32', shape },
      });
    });
    const passed = await client.done('forward_backward', passJson(model_id, 2, data, 'importance_sampling'));
    // On-policy every ratio is 1, and the loss the sum of the advantages.
    const expected = Object(sequences).reduce(
      (sum: number, { tokens }: { tokens: number[] }, i: number) => sum - (i - 1) * tokens.length,
      0,
    );
    expect(lossOf(passed)).toBeCloseTo(expected, 3);
    const { metrics } = await client.done('optim_step', adamJson(model_id, 3));
    expect(Object(metrics).grad_norm).toBeGreaterThan(0);
  });

  it('does what arrives out of order in order, and what is sent twice once', async () => {
    const { client } = await openServer();
    const { model_id } = await openModel(client);
    const send = (seq: number) =>
      seq % 2 === 1
        ? client.granted('forward_backward', passJson(model_id, seq, [datumJson(TOKENS), datumJson(OTHER)]))
        : client.granted('optim_step', adamJson(model_id, seq));
    const promises = new Map<number, JsonObject>();
    for (const seq of [4, 6, 5, 2, 3, 1, 4, 1, 2]) {
      const promise = await send(seq);
      expect(promises.get(seq) ?? promise).toEqual(promise);
      promises.set(seq, promise);
    }
    const losses = [];
    for (const seq of [1, 3, 5]) losses.push(lossOf(await client.result(promises.get(seq) ?? {})));
    // Again after all is done.
    expect(lossOf(await client.result(await send(3)))).toBe(losses[1]);
    expect(losses).toEqual((await localRun()).losses);
  });

  it('counts a request that it refuses as done', async () => {
    const { client } = await openServer();
    const { model_id } = await openModel(client);
    const refused = [
      client.post('forward_backward', passJson(model_id, 1, [datumJson()], 'custom')),
      client.post('forward_backward', passJson(model_id, 2, [datumJson(TOKENS, { weights: { dtype: 'x' } })])),
      client.post('optim_step', { model_id, seq_id: 3, optimizer_params: { type: 'dimuon', learning_rate: 1 } }),
      client.post('save_weights', { model_id, seq_id: 4, path: '../out' }),
      client.post('save_weights_for_sampler', { model_id, seq_id: 5, sampling_session_seq_id: 0, kind: 'other' }),
      client.post('load_weights', { model_id, seq_id: 6, path: 'tinker://nobody/weights/none', optimizer: true }),
    ];
    const answers = await Promise.all(refused);
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 404]);
    expect(answers[1].body.detail).toContain('data[0].loss_fn_inputs.weights.dtype');
    expect(lossOf(await client.done('forward_backward', passJson(model_id, 7)))).toBeGreaterThan(0);
  });

  it('fails what waits behind a request that never arrives, and goes on', async () => {
    const { client } = await openServer({ limits: { gapMs: 50 } });
    const { model_id } = await openModel(client);
    const failed = await client.done('optim_step', adamJson(model_id, 3));
    expect(failed).toMatchObject({ category: 'user', error: expect.stringContaining('request 1 of this model') });
    expect(lossOf(await client.done('forward_backward', passJson(model_id, 4)))).toBeGreaterThan(0);
  });

  it('tells of a failed operation in its result, with what the engine says of it', async () => {
    const { client, failures } = await openServer();
    const { model_id, session_id } = await openModel(client);
    const long = Array.from({ length: 600 }, () => 5);
    const failed = await client.done('forward_backward', passJson(model_id, 1, [datumJson(long)]));
    expect(failed).toMatchObject({
      category: 'user',
      error: expect.stringContaining('599 tokens are more than the 512'),
    });
    const wide = { session_id, model_seq_id: 1, base_model: 'tiny', lora_config: { rank: 4096 } };
    expect(await client.done('create_model', wide)).toMatchObject({ category: 'user' });
    expect(failures).toEqual([]);
  });

  it('samples by sequence numbers that no number of JavaScript holds', async () => {
    const { client } = await openServer();
    const session_id = await client.session();
    const { sampling_session_id } = await client.granted('create_sampling_session', {
      session_id,
      sampling_session_seq_id: 0,
      base_model: 'tiny',
    });
    const ask = async (seq: string) => {
      const text = `{"sampling_session_id":"${sampling_session_id}","seq_id":${seq},"num_samples":1,"prompt":{"chunks":[{"tokens":[5,6,7]}]},"sampling_params":{"max_tokens":8}}`;
      return (await client.send('POST', 'asample', { body: text })).body;
    };
    const [one, two] = [await ask('999999999000000001'), await ask('999999999000000002')];
    expect(one.request_id).not.toBe(two.request_id);
    expect(await ask('999999999000000001')).toEqual(one);
    const drawn = [await client.result(one), await client.result(two)];
    expect(drawn[0].sequences).not.toEqual(drawn[1].sequences);
    expect((await client.send('GET', `samplers/${encodeURIComponent(String(sampling_session_id))}`)).body).toEqual({
      sampler_id: sampling_session_id,
      base_model: 'tiny',
    });
  });

  it('scores the last positions of a prompt alone where that is asked for', async () => {
    const { client } = await openServer();
    const session_id = await client.session();
    const { sampling_session_id } = await client.granted('create_sampling_session', { session_id, base_model: 'tiny' });
    const ask = (seq_id: number, more: object) => ({
      sampling_session_id,
      seq_id,
      num_samples: 1,
      prompt: { chunks: [{ tokens: TOKENS }] },
      sampling_params: { max_tokens: 1 },
      ...more,
    });
    const all = Object(await client.done('asample', ask(0, { prompt_logprobs: true }))).prompt_logprobs;
    const some = { prompt_logprobs: true, prompt_logprobs_last_n: 2 };
    const last = Object(await client.done('asample', ask(1, some))).prompt_logprobs;
    expect(last).toEqual([...new Array(6).fill(null), ...all.slice(-2)]);
    const { status, body } = await client.post('asample', ask(2, { target_prompt_logprobs: 3 }));
    expect([status, body.detail]).toEqual([400, expect.stringContaining('target_prompt_logprobs')]);
    // What SDKs always send.
    const plain = {
      topk_sample_logprobs: 0,
      prompt_alt_tokens_k: 0,
      record_stability_info: true,
      prompt_logprobs: null,
    };
    expect(Object(await client.done('asample', ask(3, plain))).sequences).toHaveLength(1);
  });

  it('does not stop at the end of a sequence where the list of stops is empty', async () => {
    const { client } = await openServer();
    const session_id = await client.session();
    const { sampling_session_id } = await client.granted('create_sampling_session', { session_id, base_model: 'tiny' });
    const sampling_params = { max_tokens: 60, temperature: 3, seed: 1, stop: [] };
    const request = { sampling_session_id, seq_id: 0, num_samples: 4, prompt: { chunks: [{ tokens: [5] }] } };
    const { sequences } = await client.done('asample', { ...request, sampling_params });
    expect(Object(sequences).map(({ tokens }: { tokens: number[] }) => tokens.length)).toEqual([60, 60, 60, 60]);
  });
});

it('a step of Adam whose means would never arrive is refused, and the model stays as it was', async () => {
  const { client } = await openServer();
  const { model_id } = await openModel(client);
  const before = lossOf(await client.done('forward_backward', passJson(model_id, 1)));
  for (const [i, name] of ['beta1', 'beta2'].entries()) {
    const step = { model_id, seq_id: 2 + i, adam_params: { learning_rate: 1e-3, [name]: 1 } };
    const refused = { error: `${name} must be below 1, not 1`, category: 'user' };
    expect(await client.done('optim_step', step)).toMatchObject(refused);
  }
  expect(lossOf(await client.done('forward_backward', passJson(model_id, 4)))).toBe(before);
});
