import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openBaseWeights } from '../../src/engine/base_weights.ts';
import { openLocalService } from '../../src/engine/engine.ts';
import { FairQueue } from '../../src/engine/fair_queue.ts';
import { Lease } from '../../src/engine/lease.ts';
import { openModel } from '../../src/engine/model.ts';
import { Models } from '../../src/engine/models.ts';
import { noAdapter } from '../../src/engine/parameters.ts';
import { MAX_BATCH } from '../../src/engine/sampler.ts';
import { LocalSamplingClient } from '../../src/engine/sampling_client.ts';
import type { LocalServiceClient } from '../../src/engine/service.ts';
import type { Dense, Session } from '../../src/engine/session.ts';
import type { SamplingClient } from '../../src/tinker/clients.ts';
import { modelInputFromTokens, tokensOf } from '../../src/tinker/types.ts';
import { RANDOM_MODEL_VOCABULARY as V, writeRandomModel } from '../support/random_model.ts';

let service: LocalServiceClient;
let client: SamplingClient;
let model: string;

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cookbook-sampling-'));
  model = await writeRandomModel(join(directory, 'model'));
  service = openLocalService({ checkpoints: directory, threads: 1, microbatchTokens: 256, seed: 3 });
  client = await service.createSamplingClient({ base_model: model });
});

afterAll(() => service.close());

const PROMPT = modelInputFromTokens([5, 17, 40, 3, 22]);
/** How many graphs run while a client of its own is used. */
async function passesOf(use: (counted: SamplingClient) => Promise<void>): Promise<number> {
  let passes = 0;
  const base = await openBaseWeights(model);
  const opened = openModel({ base, parameterisation: 'lora', threads: 1, device: 'cpu' });
  const counting = async (made: Promise<Session>): Promise<Session> => {
    const session = await made;
    const run = (feeds: Record<string, Dense>) => {
      passes += 1;
      return session.run(feeds);
    };
    return { ...session, run };
  };
  const queue = new FairQueue().session();
  const reference = await new Models(queue.lane()).open('counted', async () => ({
    ...opened,
    scoring: (...kind) => counting(opened.scoring(...kind)),
    reading: (...kind) => counting(opened.reading(...kind)),
    sampling: (...kind) => counting(opened.sampling(...kind)),
    samplingOne: (...kind) => counting(opened.samplingOne(...kind)),
  }));
  const lease = new Lease(reference, queue.lane(), () => undefined);
  const info = { base_model: model, is_lora: true, lora_rank: null, max_context_length: 64 };
  const host = { tokenizerPath: model, seed: 3, microbatchTokens: 64, batchInvariant: false };
  const counted = new LocalSamplingClient(lease, info, noAdapter(), host);
  await use(counted);
  await counted.close();
  return passes;
}

const ids = (sequences: { tokens: number[] }[]) => sequences.map(({ tokens }) => tokens);

describe('sampling', () => {
  it('reports the log-probs that the trainer computes for the same tokens', async () => {
    const { sequences } = await client.sample(PROMPT, 3, { max_tokens: 20, temperature: 0.8, seed: 1 });
    for (const { tokens, logprobs } of sequences) {
      const scored = await client.computeLogprobs(modelInputFromTokens([5, 17, 40, 3, 22, ...tokens]));
      for (const [t, logprob] of logprobs.entries())
        expect(Math.abs(logprob - Number(scored[5 + t]))).toBeLessThan(1e-4);
    }
  });

  it('samples the same tokens for the same seed, whoever else is in the batch', async () => {
    const request = { max_tokens: 12, seed: 9 };
    const alone = await client.sample(PROMPT, 2, request);
    const [together] = await Promise.all([
      client.sample(PROMPT, 2, request),
      client.sample(modelInputFromTokens([8]), 5, { max_tokens: 30, seed: 4 }),
      client.sample(modelInputFromTokens([1, 2, 3, 4, 5, 6, 7, 8, 9]), 1, { max_tokens: 3 }),
    ]);
    expect(ids(together.sequences)).toEqual(ids(alone.sequences));
    expect(alone.sequences[0].tokens).not.toEqual(alone.sequences[1].tokens);
  });

  it('takes more samples than it computes at once, none of them twice', async () => {
    const { sequences } = await client.sample(PROMPT, 130, { max_tokens: 6, seed: 2 });
    const few = await client.sample(PROMPT, 3, { max_tokens: 6, seed: 2 });
    expect(sequences).toHaveLength(130);
    expect(ids(sequences.slice(0, 3))).toEqual(ids(few.sequences));
    expect(new Set(sequences.map(({ tokens }) => tokens.join())).size).toBeGreaterThan(120);
  });

  it('at temperature 0 takes the most likely token each time', async () => {
    const { sequences } = await client.sample(PROMPT, 2, { max_tokens: 8, temperature: 0 });
    expect(sequences[0].tokens).toEqual(sequences[1].tokens);
    const one = await client.sample(PROMPT, 1, { max_tokens: 8, top_k: 1, seed: 5 });
    expect(one.sequences[0].tokens).toEqual(sequences[0].tokens);
  });

  it('draws tokens as often as their probability says', async () => {
    const n = 60 * 40;
    const counts = new Array<number>(V).fill(0);
    for (let i = 0; i < 40; i++) {
      const { sequences } = await client.sample(PROMPT, 60, { max_tokens: 1, seed: i });
      for (const { tokens } of sequences) counts[tokens[0]] += 1;
    }
    const probabilities = await Promise.all(
      counts.map(async (_, token) =>
        Math.exp(Number((await client.computeLogprobs(modelInputFromTokens([5, 17, 40, 3, 22, token])))[5])),
      ),
    );
    // Pearson's statistic over tokens that are expected at least 5 times, the others pooled.
    const frequent = probabilities.flatMap((p, token) =>
      p * n >= 5 ? [{ observed: counts[token], expected: p * n }] : [],
    );
    const rest = {
      observed: n - frequent.reduce((sum, { observed }) => sum + observed, 0),
      expected: n - frequent.reduce((sum, { expected }) => sum + expected, 0),
    };
    const cells = rest.expected >= 1 ? [...frequent, rest] : frequent;
    const statistic = cells.reduce((sum, { observed, expected }) => sum + (observed - expected) ** 2 / expected, 0);
    // Mean k and standard deviation √2k for k degrees of freedom; the seeds are fixed, so this cannot flicker.
    const k = cells.length - 1;
    expect(k).toBeGreaterThan(10);
    expect(statistic).toBeLessThan(k + 3 * Math.sqrt(2 * k));
  });

  it('stops at a stop token, which is part of the result, and at the length that was asked for', async () => {
    const { sequences } = await client.sample(PROMPT, 1, { max_tokens: 12, temperature: 0 });
    const stop = sequences[0].tokens[3];
    const first = sequences[0].tokens.indexOf(stop);
    const stopped = await client.sample(PROMPT, 1, { max_tokens: 12, temperature: 0, stop: [stop] });
    expect(stopped.sequences[0].tokens).toEqual(sequences[0].tokens.slice(0, first + 1));
    expect(stopped.sequences[0].stop_reason).toBe('stop');
    expect(sequences[0].stop_reason).toBe('length');
    expect(sequences[0].tokens).toHaveLength(12);
  });

  it('tells of each token as it is drawn, whichever sample it is of', async () => {
    const told: number[][] = [];
    const listener = (token: number, member: number) => {
      told[member] = [...(told[member] ?? []), token];
    };
    const request = { max_tokens: 8, seed: 6 };
    const { sequences } = await client.sample(PROMPT, MAX_BATCH + 3, request, { onToken: listener });
    expect(told).toEqual(ids(sequences));
    expect(ids((await client.sample(PROMPT, MAX_BATCH + 3, request)).sequences)).toEqual(ids(sequences));
  });

  it('tells nothing more of a request that is given up', async () => {
    const controller = new AbortController();
    const told: number[] = [];
    const options = {
      signal: controller.signal,
      onToken(token: number) {
        told.push(token);
        if (told.length === 3) controller.abort(new Error('enough'));
      },
    };
    const given = client.sample(PROMPT, 2, { max_tokens: 40, stop: [], seed: 1 }, options);
    await expect(given).rejects.toThrow('enough');
    await client.sample(PROMPT, 1, { max_tokens: 4 });
    expect(told).toHaveLength(3);
  });

  it('fails a request whose listener fails, and no other', async () => {
    const alone = await client.sample(PROMPT, 2, { max_tokens: 12, seed: 9 });
    const onToken = () => {
      throw new Error('nobody listens');
    };
    const failing = client.sample(PROMPT, 2, { max_tokens: 12 }, { onToken });
    const beside = client.sample(PROMPT, 2, { max_tokens: 12, seed: 9 });
    await expect(failing).rejects.toThrow('nobody listens');
    expect(ids((await beside).sequences)).toEqual(ids(alone.sequences));
  });

  it('fills the context and no more', async () => {
    const { sequences } = await client.sample(PROMPT, 1, { seed: 2, temperature: 1.5 });
    expect(sequences[0].tokens.length).toBeLessThanOrEqual(64 - 5);
  });

  it('gives the log-probs of the prompt, the first of which there is none', async () => {
    const { prompt_logprobs } = await client.sample(
      PROMPT,
      1,
      { max_tokens: 1, seed: 1 },
      { include_prompt_logprobs: true },
    );
    expect(prompt_logprobs).toEqual(await client.computeLogprobs(PROMPT));
    expect(prompt_logprobs?.[0]).toBeNull();
  });

  it.each([
    ['temperature', { temperature: -1 }],
    ['temperature', { temperature: 1e-40 }],
    ['top_p', { top_p: 0 }],
    ['max_tokens', { max_tokens: 0 }],
    ['top_k', { top_k: 1.5 }],
  ])('refuses a bad %s', async (name, params) => {
    await expect(client.sample(PROMPT, 1, params)).rejects.toThrow(name);
  });

  it('refuses a prompt that leaves no room', async () => {
    const full = modelInputFromTokens(new Array(64).fill(1));
    await expect(client.sample(full, 1, {})).rejects.toThrow('no room');
  });
});

/** Sentences of differing lengths, all of them new. */
const texts = Array.from({ length: 12 }, (_, i) =>
  modelInputFromTokens(Array.from({ length: 2 + ((i * 7) % 30) }, (_, t) => (t * t + 5 * i + 3) % V)),
);

describe('log-probs', () => {
  it('of calls that are made together are those of each alone, to the last digits', async () => {
    const together = await Promise.all(texts.map((text) => client.computeLogprobs(text)));
    for (const [i, text] of texts.entries()) {
      const alone = await client.computeLogprobs(text);
      expect(together[i]).toHaveLength(alone.length);
      for (const [t, logprob] of alone.entries())
        expect(Math.abs(Number(logprob) - Number(together[i][t]))).toBeLessThan(2e-5);
    }
  });

  it('of calls that are made together take no more passes than their tokens ask for', async () => {
    const passes = await passesOf(async (counted) => {
      await Promise.all(texts.map((text) => counted.computeLogprobs(text)));
    });
    expect(passes).toBe(4); // 174 tokens, at most 64 at once, none beside one that is more than four times as long
  });

  it('of the most likely tokens at every position are those of the whole distribution, most likely first', async () => {
    const k = 7;
    const options = { include_prompt_logprobs: true, topk_prompt_logprobs: k };
    const response = await client.sample(PROMPT, 1, { max_tokens: 1, seed: 1 }, options);
    const top = response.topk_prompt_logprobs ?? [];
    const tokens = tokensOf(PROMPT);
    expect(top).toHaveLength(tokens.length);
    expect(top[0]).toBeNull();
    for (let t = 1; t < tokens.length; t++) {
      const others = await Promise.all(
        Array.from({ length: V }, (_, token) =>
          client.computeLogprobs(modelInputFromTokens([...tokens.slice(0, t), token])),
        ),
      );
      const distribution = others.map((scores, token) => ({ token, logprob: Number(scores[t]) }));
      expect(distribution.reduce((sum, { logprob }) => sum + Math.exp(logprob), 0)).toBeCloseTo(1, 4);
      distribution.sort((a, b) => b.logprob - a.logprob || a.token - b.token);
      expect(top[t]?.map(([token]) => token)).toEqual(distribution.slice(0, k).map(({ token }) => token));
      for (const [i, [token, logprob]] of (top[t] ?? []).entries()) {
        expect(logprob).toBeCloseTo(distribution[i].logprob, 5);
        if (token === tokens[t]) expect(logprob).toBe(response.prompt_logprobs?.[t]);
      }
    }
  });

  it('of the most likely tokens are given to each call as many as it asks for', async () => {
    const ask = async (topk_prompt_logprobs: number) =>
      (await client.sample(PROMPT, 1, { max_tokens: 1, seed: 1 }, { topk_prompt_logprobs })).topk_prompt_logprobs;
    const [two, all] = await Promise.all([ask(2), ask(V)]);
    expect(two).toEqual(all?.map((position) => position?.slice(0, 2) ?? null));
    expect(new Set(all?.[3]?.map(([token]) => token)).size).toBe(V);
    await expect(ask(V + 1)).rejects.toThrow('topk_prompt_logprobs must be a whole number from 0 to 61, not 62');
    await expect(ask(1.5)).rejects.toThrow('not 1.5');
  });
});

describe('a request that is given up', () => {
  const endless = { max_tokens: 50, stop: [], seed: 3 };

  it('rejects with the reason, and those beside it sample what they would have sampled', async () => {
    const alone = await client.sample(PROMPT, 3, { ...endless, max_tokens: 20 });
    const controller = new AbortController();
    const given = client.sample(PROMPT, 5, endless, { signal: controller.signal });
    const kept = client.sample(PROMPT, 3, { ...endless, max_tokens: 20 });
    setImmediate(() => setImmediate(() => controller.abort(new Error('no longer wanted'))));
    await expect(given).rejects.toThrow('no longer wanted');
    expect(ids((await kept).sequences)).toEqual(ids(alone.sequences));
  });

  it('rejects while it waits for its turn, and is not computed', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const passes = await passesOf(async (counted) => {
      const requests = [counted.sample(PROMPT, 2, endless, { signal }), counted.computeLogprobs(PROMPT, { signal })];
      const outcomes = Promise.allSettled(requests);
      controller.abort(new Error('too late'));
      for (const outcome of await outcomes) expect(outcome).toMatchObject({ reason: { message: 'too late' } });
      await expect(counted.sample(PROMPT, 1, endless, { signal })).rejects.toThrow('too late');
      await expect(counted.computeLogprobs(PROMPT, { signal })).rejects.toThrow('too late');
    });
    expect(passes).toBe(0);
  });

  it('leaves its place to others', async () => {
    const controller = new AbortController();
    const full = client.sample(PROMPT, MAX_BATCH, { ...endless, max_tokens: 59 }, { signal: controller.signal });
    const waiting = client.sample(PROMPT, 2, { max_tokens: 2, seed: 1 });
    controller.abort();
    await expect(full).rejects.toThrow('aborted');
    expect((await waiting).sequences).toHaveLength(2);
  });

  it('counts as one of the requests of its client, whose seeds follow from their number', async () => {
    const third = async (signal?: AbortSignal) => {
      const fresh = await service.createSamplingClient({ base_model: model });
      await fresh.sample(PROMPT, 1, { max_tokens: 4 });
      await fresh.sample(PROMPT, 1, { max_tokens: 4 }, signal === undefined ? {} : { signal }).catch(() => undefined);
      return ids((await fresh.sample(PROMPT, 1, { max_tokens: 8, stop: [] })).sequences);
    };
    expect(await third(AbortSignal.abort())).toEqual(await third());
  });
});
