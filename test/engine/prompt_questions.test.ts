// What a sampling request can ask beside its samples, held against the log-probs and the whole distributions of the model.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLocalService } from '../../src/engine/engine.ts';
import type { LocalServiceClient } from '../../src/engine/service.ts';
import type { SampleOptions, SamplingClient } from '../../src/tinker/clients.ts';
import { modelInputFromTokens, type SamplingParams } from '../../src/tinker/types.ts';
import { chiSquared } from '../interop/chi_squared.ts';
import { RANDOM_MODEL_VOCABULARY as V, writeRandomModel } from '../support/random_model.ts';

const PROMPT = [5, 17, 40, 3, 22, 9];
const L = PROMPT.length;

let directory: string;
let service: LocalServiceClient;
let client: SamplingClient;
/** Of every position but the first, log-probs of the whole vocabulary. */
let whole: number[][];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-questions-'));
  const model = await writeRandomModel(join(directory, 'model'));
  service = openLocalService({ checkpoints: directory, threads: 1, microbatchTokens: 256, seed: 3 });
  client = await service.createSamplingClient({ base_model: model });
  whole = await Promise.all(PROMPT.slice(1).map((_, t) => distribution(PROMPT.slice(0, t + 1))));
});

afterAll(async () => {
  await service.close();
  await rm(directory, { recursive: true });
});

/** Log-probs of every token after a prefix, by scoring each. */
async function distribution(prefix: readonly number[]): Promise<number[]> {
  const scored = Array.from({ length: V }, (_, token) =>
    client.computeLogprobs(modelInputFromTokens([...prefix, token])),
  );
  return (await Promise.all(scored)).map((logprobs) => logprobs.at(-1) ?? Number.NaN);
}

const ask = (options: SampleOptions, params: SamplingParams = {}, prompt = PROMPT) =>
  client.sample(modelInputFromTokens(prompt), 1, { max_tokens: 1, seed: 11, ...params }, options);

const dense = (data: number[], K: number) => ({ data, dtype: 'int64' as const, shape: [data.length / K, K] });

describe('log-probs of tokens that the request names', () => {
  it('are those of the distribution at each position, and 0 where none is named', async () => {
    const ids = [1, -1, 2, 3, -1, -1, 40, 0, 60, 5];
    const { target_prompt_logprobs: told } = await ask({ target_prompt_logprobs: dense(ids, 2) });
    expect(told).toMatchObject({ dtype: 'float32', shape: [L - 1, 2] });
    expect(told?.sparse_crow_indices).toBeUndefined();
    for (const [i, id] of ids.entries()) {
      expect(told?.data[i]).toBeCloseTo(id === -1 ? 0 : whole[Math.floor(i / 2)][id], 4);
    }
  });

  it('come back in the sparse layout where they were asked for in it, however wide', async () => {
    const asked = {
      data: [7, -1, 8],
      dtype: 'int64' as const,
      shape: [L - 1, 1e6],
      sparse_crow_indices: [0, 0, 2, 2, 2, 3],
      sparse_col_indices: [0, 4, 999_999],
    };
    const { target_prompt_logprobs: told } = await ask({ target_prompt_logprobs: asked });
    const { data, ...layout } = told ?? { data: [] };
    expect(layout).toEqual({ ...asked, data: undefined, dtype: 'float32' });
    expect(data[0]).toBeCloseTo(whole[1][7], 4);
    expect(data[1]).toBe(0);
    expect(data[2]).toBeCloseTo(whole[4][8], 4);
  });

  it('stand beside all else that is asked of the prompt, with the same numbers as alone', async () => {
    const target_prompt_logprobs = dense([1, 2, 3, 4, 5], 1);
    const all = await ask({
      include_prompt_logprobs: true,
      topk_prompt_logprobs: 2,
      target_prompt_logprobs,
      prompt_alt_tokens_k: 3,
    });
    expect(all.prompt_logprobs).toEqual(await client.computeLogprobs(modelInputFromTokens(PROMPT)));
    expect(all.topk_prompt_logprobs).toEqual((await ask({ topk_prompt_logprobs: 2 })).topk_prompt_logprobs);
    expect(all.target_prompt_logprobs).toEqual((await ask({ target_prompt_logprobs })).target_prompt_logprobs);
    expect(all.prompt_alt_tokens).toEqual((await ask({ prompt_alt_tokens_k: 3 })).prompt_alt_tokens);
  });

  it('are refused with what is wrong', async () => {
    const refused = (tensor: SampleOptions['target_prompt_logprobs']) =>
      ask({ target_prompt_logprobs: tensor }).catch(({ message }) => message);
    expect(await refused(dense([1, 2], 1))).toMatchInlineSnapshot(
      `"target_prompt_logprobs has shape [2,1]; a prompt of 6 tokens takes 5 rows of ids"`,
    );
    expect(await refused(dense([1, 2, 3, 4, V], 1))).toMatchInlineSnapshot(
      `"target_prompt_logprobs: 61 in row 4 is not in the vocabulary of 61, nor -1"`,
    );
    expect(await refused(dense([1, -2, 3, 4, 5], 1))).toMatchInlineSnapshot(
      `"target_prompt_logprobs: -2 in row 1 is not in the vocabulary of 61, nor -1"`,
    );
    expect(await refused(dense(new Array(5 * 129).fill(1), 129))).toMatchInlineSnapshot(
      `"target_prompt_logprobs: row 0 asks for 129 tokens, and 128 are the most"`,
    );
    expect(await refused({ ...dense([1, 2, 3, 4, 5], 1), dtype: 'float32' })).toMatchInlineSnapshot(
      `"target_prompt_logprobs must be int64, not float32"`,
    );
  });
});

describe('the last positions of a prompt', () => {
  it('are told alone, of log-probs and of the most likely tokens, with the numbers that they have in all', async () => {
    const both = { include_prompt_logprobs: true, topk_prompt_logprobs: 2 };
    const all = await ask(both);
    const last = await ask({ ...both, prompt_logprobs_last_n: 2 });
    const expected = <T>(rows: T[] = []) => rows.map((row, i) => (i < L - 2 ? null : row));
    expect(last.prompt_logprobs).toEqual(expected(all.prompt_logprobs));
    expect(last.topk_prompt_logprobs).toEqual(expected(all.topk_prompt_logprobs));
    const named = dense([1, 2, 3, 4, 5], 1);
    const beside = await ask({ ...both, prompt_logprobs_last_n: 2, target_prompt_logprobs: named });
    expect(beside.prompt_logprobs).toEqual(last.prompt_logprobs);
    expect(Array.from(beside.target_prompt_logprobs?.data ?? [])).not.toContain(0);
  });

  it('are refused where there are none, or not so many', async () => {
    const refused = (options: SampleOptions) => ask(options).catch(({ message }) => message);
    expect(await refused({ prompt_logprobs_last_n: 1 })).toContain('needs prompt_logprobs');
    for (const n of [0, L, 1.5]) {
      expect(await refused({ include_prompt_logprobs: true, prompt_logprobs_last_n: n })).toContain(
        'must be a whole number from 1 to 5',
      );
    }
  });
});

describe('other tokens at the positions of a prompt', () => {
  const drawn = async (k: number, params: SamplingParams = {}) => {
    const { prompt_alt_tokens: alt } = await ask({ prompt_alt_tokens_k: k }, params);
    const matrix = (data: ArrayLike<number>) => whole.map((_, t) => Array.from(data).slice(t * k, (t + 1) * k));
    expect(alt?.tokens).toMatchObject({ dtype: 'int64', shape: [L - 1, k] });
    expect(alt?.logprobs).toMatchObject({ dtype: 'float32', shape: [L - 1, k] });
    return { tokens: matrix(alt?.tokens.data ?? []), logprobs: matrix(alt?.logprobs.data ?? []) };
  };

  it('come with the log-probs of the model itself, and are the same for the same seed', async () => {
    const first = await drawn(4, { temperature: 3 });
    for (const [t, row] of first.tokens.entries()) {
      for (const [i, token] of row.entries()) expect(first.logprobs[t][i]).toBeCloseTo(whole[t][token], 4);
    }
    expect(await drawn(4, { temperature: 3 })).toEqual(first);
    expect((await drawn(4, { temperature: 3, seed: 12 })).tokens).not.toEqual(first.tokens);
  });

  it.each([1, 0.5])('are drawn as often as their probability at temperature %d says', async (temperature) => {
    const counts = whole.map(() => new Array<number>(V).fill(0));
    const requests = Array.from({ length: 40 }, (_, seed) => drawn(100, { temperature, seed }));
    for (const { tokens } of await Promise.all(requests)) {
      for (const [t, row] of tokens.entries()) for (const token of row) counts[t][token]++;
    }
    const tables = whole.map((logprobs, t) => {
      const weights = logprobs.map((logprob) => Math.exp(logprob / temperature));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      return { counts: counts[t], probabilities: weights.map((weight) => weight / total) };
    });
    const { statistic, degrees_of_freedom: freedom } = chiSquared(tables);
    // Mean and deviation of chi-squared; the seeds are fixed.
    expect(Math.abs(statistic - freedom)).toBeLessThan(3.5 * Math.sqrt(2 * freedom));
  });

  it('are the most likely one each time at temperature 0', async () => {
    const { tokens, logprobs } = await drawn(2, { temperature: 0 });
    const best = whole.map((row) => row.indexOf(Math.max(...row)));
    expect(tokens).toEqual(best.map((token) => [token, token]));
    expect(logprobs[0][1]).toBeCloseTo(whole[0][best[0]], 4);
  });

  it('are none for a prompt of one token', async () => {
    const options = {
      include_prompt_logprobs: true,
      prompt_alt_tokens_k: 2,
      target_prompt_logprobs: { ...dense([], 1), shape: [0, 3] },
    };
    const answer = await ask(options, {}, [5]);
    expect(answer.prompt_logprobs).toEqual([null]);
    expect(answer.prompt_alt_tokens).toMatchObject({ tokens: { shape: [0, 2] }, logprobs: { shape: [0, 2] } });
    expect(answer.target_prompt_logprobs).toMatchObject({ shape: [0, 3] });
  });
});

describe('the most likely tokens in the place of those that are sampled', () => {
  it('are those of the model, whatever the temperature, one list for each token', async () => {
    for (const temperature of [0, 0.01, 1]) {
      const options = { topk_sample_logprobs: 3 };
      const { sequences } = await client.sample(
        modelInputFromTokens(PROMPT),
        2,
        { max_tokens: 3, seed: 4, temperature },
        options,
      );
      for (const { tokens, topk_sampled_logprobs: top = [] } of sequences) {
        expect(top).toHaveLength(tokens.length);
        for (const [i, row] of top.entries()) {
          const logprobs = await distribution([...PROMPT, ...tokens.slice(0, i)]);
          const best = logprobs.map((logprob, token) => ({ token, logprob })).sort((a, b) => b.logprob - a.logprob);
          expect(row?.map(([token]) => token)).toEqual(best.slice(0, 3).map(({ token }) => token));
          for (const [j, [, logprob]] of (row ?? []).entries()) expect(logprob).toBeCloseTo(best[j].logprob, 4);
        }
      }
    }
  });

  it('change nothing about what is sampled, of this request and of those beside it', async () => {
    const params = { max_tokens: 6, seed: 8 };
    const input = modelInputFromTokens(PROMPT);
    const plain = await client.sample(input, 3, params);
    const [asking, beside] = await Promise.all([
      client.sample(input, 3, params, { topk_sample_logprobs: 2 }),
      client.sample(input, 3, params),
    ]);
    expect(beside).toEqual(plain);
    expect(asking.sequences.map(({ topk_sampled_logprobs: _, ...sequence }) => sequence)).toEqual(plain.sequences);
    expect(beside.sequences[0]).not.toHaveProperty('topk_sampled_logprobs');
  });

  it('are bounded', async () => {
    await expect(ask({ topk_sample_logprobs: 65 })).rejects.toThrow(
      'topk_sample_logprobs must be a whole number from 0 to 61',
    );
  });
});
