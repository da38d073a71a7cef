// Samplers whose weights move on, and clients that ask about all their samples at once.

import { describe, expect, it } from 'vitest';
import { InflightWeights } from '../../../src/tinker/server/inflight.ts';
import type { SampleResponse } from '../../../src/tinker/types.ts';
import { adamJson, type JsonClient, openModel, openServer, passJson, TOKENS } from '../../support/tinker_server.ts';

const scored = async (client: JsonClient, sampling_session_id: string, seq_id: number) => {
  const request = { sampling_session_id, seq_id, prompt: { chunks: [{ tokens: TOKENS }] }, prompt_logprobs: true };
  return Object(await client.done('asample', { ...request, sampling_params: { max_tokens: 1 } })).prompt_logprobs;
};

describe('inflight samplers', () => {
  it('of one model all have the weights of the last save; a snapshot keeps its own', async () => {
    const { client } = await openServer({ limits: { samplers: 1 } });
    const { model_id } = await openModel(client);
    const save = async (seq_id: number, sampling_session_seq_id: number, kind: string) => {
      const body = { model_id, seq_id, sampling_session_seq_id, kind };
      return String((await client.done('save_weights_for_sampler', body)).sampling_session_id);
    };
    const train = async (seq: number) => {
      await client.done('forward_backward', passJson(model_id, seq));
      await client.done('optim_step', adamJson(model_id, seq + 1, 0.1));
    };
    const first = await save(1, 0, 'inflight');
    const before = await scored(client, first, 0);
    await train(2);
    expect(await scored(client, first, 1)).toEqual(before);
    const second = await save(4, 1, 'inflight');
    const after = await scored(client, second, 0);
    expect(after).not.toEqual(before);
    expect(await scored(client, first, 2)).toEqual(after);
    const snapshot = await save(5, 2, 'snapshot');
    await train(6);
    await save(8, 3, 'inflight');
    expect(await scored(client, snapshot, 0)).toEqual(after);
    const newest = await scored(client, second, 1);
    expect(newest).not.toEqual(after);
    expect(await scored(client, first, 3)).toEqual(newest);
  });

  it('let a request finish with the weights that it began with, which are then given back', async () => {
    const closed: string[] = [];
    let finish: () => void = () => undefined;
    const weights = (name: string) => ({
      sample: async (): Promise<SampleResponse> => {
        if (name === 'old') await new Promise<void>((resolve) => (finish = resolve));
        return { sequences: [{ stop_reason: 'stop', tokens: [name.length], logprobs: [0] }] };
      },
      close: async () => void closed.push(name),
    });
    const inflight = new InflightWeights();
    inflight.advance(weights('old'));
    const sampler = inflight.sampler();
    const running = sampler.sample({ chunks: [] }, 1, {});
    inflight.advance(weights('newer'));
    expect((await sampler.sample({ chunks: [] }, 1, {})).sequences[0].tokens).toEqual([5]);
    expect(closed).toEqual([]);
    finish();
    expect((await running).sequences[0].tokens).toEqual([3]);
    expect(closed).toEqual(['old']);
    await sampler.close();
    expect(closed).toEqual(['old']);
    await inflight.close();
    expect(closed).toEqual(['old', 'newer']);
  });
});

describe('all samples of a client asked about at once', () => {
  async function opened() {
    const server = await openServer({ limits: { pollMs: 200 } });
    const { client } = server;
    const session_id = await client.session();
    const made = await client.granted('create_sampling_session', { session_id, base_model: 'tiny' });
    const id = String(made.sampling_session_id);
    const sample = (seq: string, more = '') =>
      client.send('POST', 'asample', {
        body: `{"sampling_session_id": "${id}", "seq_id": ${seq}, "prompt": {"chunks": [{"tokens": [5]}]}, "sampling_params": {"max_tokens": 1}${more}}`,
      });
    const poll = async (prev_cursor: number, more: object = {}, cloned_sampler_id = 0) =>
      Object(
        await client.granted('retrieve_futures', {
          target: { type: 'sampling_session', sampling_session_id: id, cloned_sampler_id },
          prev_cursor,
          ...more,
        }),
      );
    const all = async (count: number, clone = 0) => {
      for (;;) {
        const answer = await poll(0, {}, clone);
        if (answer.completions.length >= count) return answer;
      }
    };
    return { ...server, id, sample, poll, all };
  }

  it('tells each until it is told that it was heard, apart for each copy of the client', async () => {
    const { client, id, sample, poll, all } = await opened();
    for (const seq of ['0', '1', '3000000001']) await sample(seq);
    const { completions, cursor } = await all(2);
    expect(completions).toEqual([
      { state: 'finished', request_id: `${id}:0` },
      { state: 'finished', request_id: `${id}:1` },
    ]);
    // An answer that was lost on its way is given again.
    expect(await poll(0)).toEqual({ completions, cursor });
    expect((await all(1, 3)).completions).toEqual([{ state: 'finished', request_id: `${id}:3000000001` }]);
    expect(await poll(cursor)).toEqual({ completions: [], cursor });
    // What was heard of is still there to be fetched.
    expect(await client.result({ request_id: `${id}:0` })).toHaveProperty('sequences');
    await sample('2', ', "prompt_alt_tokens_k": 1000');
    const later = await poll(cursor);
    expect(later.completions).toEqual([{ state: 'failed', request_id: `${id}:2` }]);
    expect(later.cursor).toBeGreaterThan(cursor);
  });

  it('answers at once where only what was heard is told, and lets go of what was fetched', async () => {
    const { client, id, sample, poll, all } = await opened();
    expect(await poll(0, { timeout: 0 })).toEqual({ completions: [], cursor: 0 });
    await sample('0');
    const { cursor } = await all(1);
    // Not fetched yet, whatever is said of it.
    await poll(cursor, { timeout: 0, retrieved_request_ids: [`${id}:0`, 'of:another'] });
    expect(await client.result({ request_id: `${id}:0` })).toHaveProperty('sequences');
    await poll(cursor, { timeout: 0, retrieved_request_ids: [`${id}:0`] });
    expect((await client.post('retrieve_future', { request_id: `${id}:0` })).status).toBe(410);
  });

  it('is answered when something is done, and ends with its session', async () => {
    const { client, id, sample, poll } = await opened();
    const [answer] = await Promise.all([poll(0, { timeout: 20 }), sample('0')]);
    // The bound of the server is shorter.
    expect(answer.completions.length).toBeLessThanOrEqual(1);
    await client.send('POST', `sessions/${id.split(':')[0]}/finish`, { body: '{}' });
    const target = { type: 'sampling_session', sampling_session_id: id };
    expect((await client.post('retrieve_futures', { target, prev_cursor: 0 })).status).toBe(410);
    expect((await client.post('retrieve_futures', { target: 3 })).status).toBe(400);
  });
});

describe('a request to sample is refused', () => {
  it('whose answer would take more memory than one may', async () => {
    const { client } = await openServer();
    const session_id = await client.session();
    const sampler = { session_id, sampling_session_seq_id: 0, base_model: 'tiny' };
    const { sampling_session_id } = await client.granted('create_sampling_session', sampler);
    const ask = { sampling_session_id, seq_id: 0, prompt: { chunks: [{ tokens: TOKENS }] }, num_samples: 4096 };
    const huge = await client.post('asample', { ...ask, topk_sample_logprobs: 128, sampling_params: {} });
    expect(huge).toMatchObject({
      status: 400,
      body: { detail: expect.stringMatching(/^topk_sample_logprobs: may come to \d+ log-probs .* Ask for fewer/) },
    });
    const few = { ...ask, num_samples: 2, topk_sample_logprobs: 128, sampling_params: { max_tokens: 2 } };
    expect(await client.done('asample', few)).toHaveProperty('sequences');
  });

  it('whose temperature leaves nothing of the log-probs', async () => {
    const { client } = await openServer();
    const session_id = await client.session();
    const sampler = { session_id, sampling_session_seq_id: 0, base_model: 'tiny' };
    const { sampling_session_id } = await client.granted('create_sampling_session', sampler);
    const ask = { sampling_session_id, prompt: { chunks: [{ tokens: TOKENS }] } };
    const at = (temperature: number, seq_id: number) =>
      client.done('asample', { ...ask, seq_id, sampling_params: { max_tokens: 2, temperature } });
    expect(await at(1000, 0)).toHaveProperty('sequences');
    for (const [i, temperature] of [1001, 1e308].entries()) {
      const error = expect.stringContaining('temperature must be at most 1000');
      expect(await at(temperature, i + 1)).toMatchObject({ error, category: 'user' });
    }
  });
});
