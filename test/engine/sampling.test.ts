import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLocalService } from '../../src/engine/engine.ts';
import type { LocalServiceClient } from '../../src/engine/service.ts';
import type { SamplingClient } from '../../src/tinker/clients.ts';
import { modelInputFromTokens } from '../../src/tinker/types.ts';
import { RANDOM_MODEL_VOCABULARY as V, writeRandomModel } from '../support/random_model.ts';

let service: LocalServiceClient;
let client: SamplingClient;

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'cookbook-sampling-'));
  const model = await writeRandomModel(join(directory, 'model'));
  service = openLocalService({ checkpoints: directory, threads: 1, microbatchTokens: 256, seed: 3 });
  client = await service.createSamplingClient({ base_model: model });
});

afterAll(() => service.close());

const PROMPT = modelInputFromTokens([5, 17, 40, 3, 22]);
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
