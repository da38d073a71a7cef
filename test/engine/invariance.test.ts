// What is computed depends on what is asked for alone: not on the number of threads, nor on who else asks at the same time.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLocalService } from '../../src/engine/engine.ts';
import type { LocalServiceClient } from '../../src/engine/service.ts';
import type { SamplingClient } from '../../src/tinker/clients.ts';
import {
  type ModelInput,
  modelInputFromTokens,
  type SampleResponse,
  type SamplingParams,
} from '../../src/tinker/types.ts';
import { nextUniform, randomFor } from '../../src/util/random.ts';
import { adam } from '../support/adam.ts';
import { everythingOf, type ModelShape } from '../support/model_shapes.ts';
import { writeRandomModel } from '../support/random_model.ts';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-invariance-'));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

describe('training, scoring and sampling give the same bits for 1, 2, 3, 4 and 8 threads', () => {
  const config = {
    hidden_size: 144,
    intermediate_size: 328,
    num_hidden_layers: 1,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    head_dim: 32,
    max_position_embeddings: 256,
    vocab_size: 300,
  };
  const shape: ModelShape = {
    config,
    vocabulary: 300,
    rank: 8,
    leftAlone: {},
    trainedTokens: null,
    lengths: [9, 33, 70],
    microbatchTokens: 256,
    checkpointing: false,
  };
  const large = { vocabulary: 3001, config: { ...config, vocab_size: 3001 } };
  const larger = { vocabulary: 9001, config: { ...config, vocab_size: 9001 } };
  it.each<[string, ModelShape]>([
    [
      'a model narrower than its batch is long',
      { ...shape, config: { ...config, hidden_size: 136 }, lengths: [150, 40] },
    ],
    ['a model wider than its batch is long', { ...shape, config: { ...config, hidden_size: 560 } }],
    ['a few tokens', { ...shape, config: { ...config, hidden_size: 560 }, lengths: [3, 2] }],
    ['one key head and a long sequence', { ...shape, config: { ...config, num_key_value_heads: 1 }, lengths: [230] }],
    ['heads of more than 128 features', { ...shape, config: { ...config, head_dim: 160 }, lengths: [60, 20] }],
    ['a rank of 1', { ...shape, rank: 1, lengths: [85, 8, 44, 55] }],
    ['a rank above 128', { ...shape, rank: 132 }],
    ['few trained tokens, and a large vocabulary', { ...shape, ...large, rank: 12, trainedTokens: 5 }],
    ['hardly more trained tokens than ranks', { ...shape, ...larger, trainedTokens: 3, lengths: [40, 40, 40] }],
    ['an adapter of the unembedding alone', { ...shape, leftAlone: { train_attn: false, train_mlp: false } }],
    ['an unembedding without an adapter', { ...shape, leftAlone: { train_unembed: false } }],
    ['all parameters', { ...shape, rank: 0, lengths: [140, 30] }],
    ['activation checkpointing', { ...shape, checkpointing: true }],
    ['matrices in int8', { ...shape, precision: 'int8' }],
    [
      'matrices in int8, a few tokens and a large vocabulary',
      { ...shape, ...large, lengths: [3, 2], precision: 'int8' },
    ],
    ['matrices in int8 and a rank of 1', { ...shape, rank: 1, lengths: [85, 8, 44, 55], precision: 'int8' }],
    ['matrices in int8 and a rank above 128', { ...shape, rank: 132, precision: 'int8' }],
    ['matrices in int8 and activation checkpointing', { ...shape, checkpointing: true, precision: 'int8' }],
  ])('%s', async (_, one) => {
    const expected = await everythingOf(one, directory, 1);
    for (const threads of [2, 3, 4, 8]) expect(await everythingOf(one, directory, threads)).toEqual(expected);
  });
});

it('without batch_invariant, sequences get the same bits in any batch of two or more', async () => {
  const model = await writeRandomModel(join(directory, 'default'), { hidden_size: 192, max_position_embeddings: 128 });
  const service = openLocalService({ checkpoints: directory, threads: 2, microbatchTokens: 256, seed: 3 });
  const sampler = await service.createSamplingClient({ base_model: model });
  const params = { max_tokens: 8, stop: [], seed: 1 };
  const sampleAll = (count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, i) => sampler.sample(modelInputFromTokens([i, 5, 3 + i]), 1, params)),
    );
  const all = await sampleAll(44);
  for (const count of [2, 4, 17, 33]) expect(await sampleAll(count)).toEqual(all.slice(0, count));
  await service.close();
});

describe('with batch_invariant, a request gets the same tokens and bits', () => {
  const V = 700;
  let service: LocalServiceClient;
  let sampler: SamplingClient;

  /** Sums of more than 128 terms, which the runtime makes in another order for other batches. */
  beforeAll(async () => {
    const model = await writeRandomModel(join(directory, 'wide'), {
      vocab_size: V,
      hidden_size: 192,
      intermediate_size: 288,
      num_attention_heads: 6,
      num_key_value_heads: 2,
      head_dim: 32,
      max_position_embeddings: 512,
    });
    service = openLocalService({
      checkpoints: directory,
      threads: 2,
      microbatchTokens: 256,
      batchInvariant: true,
      seed: 3,
    });
    const client = await service.createLoraTrainingClient({ base_model: model, rank: 6, seed: 1 });
    const text = Array.from({ length: 20 }, (_, t) => (t * 13) % V);
    const target_tokens = { data: text.slice(1), dtype: 'int64' as const, shape: [19] };
    const datum = { model_input: modelInputFromTokens(text.slice(0, -1)), loss_fn_inputs: { target_tokens } };
    await client.forwardBackward([datum], 'cross_entropy');
    await (await client.optimStep(adam(0.01))).result();
    sampler = await client.saveWeightsAndGetSamplingClient();
  });

  afterAll(() => service.close());

  const random = randomFor(5, 'prompts');
  const below = (n: number) => Math.floor(nextUniform(random) * n);
  const prompts = Array.from({ length: 44 }, (_, i) =>
    modelInputFromTokens(Array.from({ length: i % 9 === 4 ? 150 + below(60) : 1 + below(40) }, () => below(V))),
  );
  const paramsOf = (i: number): SamplingParams => ({
    max_tokens: 3 + (i % 7) * 3,
    temperature: [1, 0.7, 0, 1.3][i % 4],
    stop: [],
    seed: i,
  });
  const ask = (i: number, samples = 1) => sampler.sample(prompts[i], samples, paramsOf(i));
  const indices = Array.from({ length: 20 }, (_, i) => i);

  it('alone, in batches of 4 and of 44, in another order, and mixed with others that join late', async () => {
    const alone: SampleResponse[] = [];
    for (const i of indices) alone.push(await ask(i));
    const same = async (requests: readonly number[], got: Promise<unknown>[]) => {
      for (const [at, response] of (await Promise.all(got)).entries())
        if (requests[at] < alone.length) expect(response).toEqual(alone[requests[at]]);
    };
    for (let i = 0; i < indices.length; i += 4) {
      const four = indices.slice(i, i + 4);
      await same(
        four,
        four.map((at) => ask(at)),
      );
    }
    const all = prompts.map((_, i) => i);
    await same(
      all,
      all.map((i) => ask(i)),
    );
    const backwards = all.toReversed();
    await same(
      backwards,
      backwards.map((i) => ask(i)),
    );
    // Each joins when those before it have sampled a few tokens.
    const late: Promise<unknown>[] = [];
    for (const i of indices) {
      late.push(ask(i));
      void ask(20 + i, 2);
      for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    await same(indices, late);
    // A prompt that several ask about is read once.
    const twice = [3, 7, 3, 1, 7, 3];
    const others = [3, 7].map((i) => sampler.sample(prompts[i], 2, paramsOf(i + 9)));
    await same(
      twice,
      twice.map((i) => ask(i)),
    );
    await Promise.all(others);
    // Of many samples of one prompt, the first is that of one.
    const many = await ask(3, 40);
    expect(many.sequences[0]).toEqual(alone[3].sequences[0]);
  });

  it('of log-probs, alone and together', async () => {
    const score = (input: ModelInput) => sampler.computeLogprobs(input);
    const together = await Promise.all(prompts.map(score));
    for (const [i, prompt] of prompts.entries()) expect(together[i]).toEqual(await score(prompt));
    const ranked = (input: ModelInput) =>
      sampler.sample(input, 1, { max_tokens: 1, seed: 1 }, { topk_prompt_logprobs: 5 });
    const few = prompts.slice(0, 8);
    const tops = await Promise.all(few.map(ranked));
    for (const [i, prompt] of few.entries()) expect(tops[i]).toEqual(await ranked(prompt));
  });
});
