// Adapters that are more than plain LoRA: what they count, how fast they learn, what is saved of them, and noise on embeddings.

import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoraOptions } from '../../src/engine/adapter_shape.ts';
import { openLocalService } from '../../src/engine/engine.ts';
import { badPattern, loraOptions } from '../../src/engine/lora_fields.ts';
import { uniform } from '../../src/engine/random.ts';
import type { LocalServiceClient } from '../../src/engine/service.ts';
import { exportWeights } from '../../src/export/export.ts';
import { EMBEDDING } from '../../src/formats/modules.ts';
import { openSafetensors, writeSafetensors } from '../../src/formats/safetensors.ts';
import type { TrainingClient } from '../../src/tinker/clients.ts';
import { type Datum, modelInputFromTokens, tokensOf } from '../../src/tinker/types.ts';
import { randomFor } from '../../src/util/random.ts';
import { adam } from '../support/adam.ts';
import { RANDOM_MODEL_VOCABULARY, writeRandomModel } from '../support/random_model.ts';

let directory: string;
let model: string;
const services: LocalServiceClient[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-lora-'));
  model = await writeRandomModel(join(directory, 'model'), { tie_word_embeddings: false });
});

afterAll(async () => {
  for (const service of services) await service.close();
});

const PLAIN = {
  lora_alpha: 32,
  use_rslora: false,
  rank_pattern: {},
  alpha_pattern: {},
  loraplus_lr_ratio: null,
};
type Fields = Partial<Parameters<typeof loraOptions>[0]>;

interface Opened {
  neftuneAlpha?: number;
  microbatchTokens?: number;
  seed?: number;
}

let opened = 0;
function open(fields: Fields = {}, { neftuneAlpha = 0, microbatchTokens = 64, seed = 3 }: Opened = {}) {
  const lora: LoraOptions = loraOptions({ ...PLAIN, ...fields });
  const checkpoints = join(directory, `run${opened++}`);
  const service = openLocalService({ checkpoints, threads: 1, microbatchTokens, seed, lora, neftuneAlpha });
  services.push(service);
  return { service, checkpoints };
}

/** Distinct tokens, some of them with loss. */
const DATA = [0, 1, 2].map((d): Datum => {
  const tokens = Array.from({ length: 8 + 3 * d }, (_, t) => (t * 5 + d * 11 + 3) % RANDOM_MODEL_VOCABULARY);
  const length = tokens.length - 1;
  const weights = Float32Array.from({ length }, (_, t) => (t < 3 ? 0 : 0.5));
  return {
    model_input: modelInputFromTokens(tokens.slice(0, -1)),
    loss_fn_inputs: {
      target_tokens: { data: tokens.slice(1), dtype: 'int64', shape: [length] },
      weights: { data: weights, dtype: 'float32', shape: [length] },
    },
  };
});

async function train(client: TrainingClient, steps: number, rate = 0.02) {
  const norms: number[] = [];
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const output = await (await client.forwardBackward(DATA, 'cross_entropy')).result();
    const { metrics } = await (await client.optimStep(adam(rate))).result();
    losses.push(output.metrics['loss:sum']);
    norms.push(metrics?.grad_norm ?? Number.NaN);
  }
  return { norms, losses };
}

const lora = (service: LocalServiceClient, rank = 4) =>
  service.createLoraTrainingClient({ base_model: model, rank, seed: 1 });

/** Trains a fresh adapter; what it did, and where its last weights are. */
async function trained(
  fields: Fields,
  { rank = 4, steps = 3, ...options }: Opened & { rank?: number; steps?: number } = {},
) {
  const { service, checkpoints } = open(fields, options);
  const client = await lora(service, rank);
  const course = await train(client, steps);
  await (await client.saveState('end')).result();
  return { ...course, saved: join(checkpoints, 'weights/end'), service };
}

const factors = async (saved: string) => await openSafetensors(join(saved, 'adapter_model.safetensors'));
const bytesOf = (saved: string, name = 'adapter_model.safetensors') => readFile(join(saved, name), 'base64');
const configOf = async (saved: string) => JSON.parse(await readFile(join(saved, 'adapter_config.json'), 'utf8'));
const key = (module: string, factor: 'A' | 'B') => `base_model.model.${module}.lora_${factor}.weight`;
const Q = 'model.layers.0.self_attn.q_proj';
const DOWN = 'model.layers.1.mlp.down_proj';

describe('what an adapter counts', () => {
  it('is alpha over the root of the rank with use_rslora, as with that much more alpha', async () => {
    const [root, plain] = [await trained({ use_rslora: true, lora_alpha: 8 }), await trained({ lora_alpha: 16 })];
    expect(root.losses).toEqual(plain.losses);
    expect(await bytesOf(root.saved)).toBe(await bytesOf(plain.saved));
    expect(await configOf(root.saved)).toMatchObject({ r: 4, lora_alpha: 8, use_rslora: true });
    expect(await configOf(plain.saved)).not.toHaveProperty('use_rslora');
  });

  it('is that of each module by alpha_pattern: squared, so much larger is the gradient of its B', async () => {
    const norm = async (alpha_pattern: Record<string, number>) =>
      (await trained({ alpha_pattern }, { steps: 1 })).norms[0] ** 2;
    const [one, two, three, all] = [
      await norm({}),
      await norm({ q_proj: 64 }),
      await norm({ q_proj: 96 }),
      await norm({ '.*': 64 }),
    ];
    // |g|² = Q + R, 4Q + R, 9Q + R; and 4Q + 4R.
    expect((three - one) / (two - one)).toBeCloseTo(8 / 3, 3);
    expect(all / one).toBeCloseTo(4, 3);
    expect(two).toBeGreaterThan(1.001 * one);
  });

  it('is the same for all modules of another rank as for an adapter of that rank', async () => {
    const [pattern, plain] = [
      await trained({ rank_pattern: { 'model.*': 2, lm_head: 2 } }, { rank: 4 }),
      await trained({}, { rank: 2 }),
    ];
    for (const [step, loss] of plain.losses.entries()) expect(pattern.losses[step]).toBeCloseTo(loss, 4);
    const [a, b] = [await factors(pattern.saved), await factors(plain.saved)];
    for (const name of b.tensors.keys()) {
      const [there, here] = [await a.read(name), await b.read(name)];
      expect(there).toHaveLength(here.length);
      for (const [i, value] of here.entries()) expect(there[i]).toBeCloseTo(value, 3);
    }
  });

  it('is what a merged model has in its weights, and what PEFT reads', async () => {
    const fields = {
      use_rslora: true,
      lora_alpha: 5,
      rank_pattern: { down_proj: 6, q_proj: 2 },
      alpha_pattern: { q_proj: 9 },
    };
    const { saved, service } = await trained(fields);
    expect(await configOf(saved)).toMatchObject({
      r: 4,
      lora_alpha: 5,
      use_rslora: true,
      rank_pattern: { down_proj: 6, q_proj: 2 },
      alpha_pattern: { q_proj: 9 },
    });
    const file = await factors(saved);
    expect(file.tensors.get(key(Q, 'A'))?.shape).toEqual([2, 16]);
    expect(file.tensors.get(key(DOWN, 'B'))?.shape).toEqual([16, 6]);
    const merged = join(directory, 'merged');
    await exportWeights(saved, { to: merged, format: 'merged', checkpoint: null, dtype: 'float32' });
    const text = modelInputFromTokens([5, 17, 40, 3, 22, 9]);
    const plain = open().service;
    const adapted = await (await plain.createSamplingClient({ model_path: saved })).computeLogprobs(text);
    const whole = await (await plain.createSamplingClient({ base_model: merged })).computeLogprobs(text);
    const own = await (await service.createSamplingClient({ model_path: saved })).computeLogprobs(text);
    const base = await (await plain.createSamplingClient({ base_model: model })).computeLogprobs(text);
    for (let t = 1; t < 6; t++) expect(Number(adapted[t])).toBeCloseTo(Number(whole[t]), 4);
    expect(adapted).toEqual(own);
    expect(Math.abs(Number(adapted[3]) - Number(base[3]))).toBeGreaterThan(0.01);
  });

  it('stays what it is where it is trained on by a run that asks for nothing else', async () => {
    const { saved } = await trained({ use_rslora: true, rank_pattern: { q_proj: 2 } });
    const { service, checkpoints } = open();
    const client = await service.createTrainingClientFromState(saved);
    await train(client, 1);
    await (await client.saveState('on')).result();
    expect(await configOf(join(checkpoints, 'weights/on'))).toEqual(await configOf(saved));
  });
});

describe('LoRA+', () => {
  it('moves the factors B so many times as far as AdamW does', async () => {
    const [fast, plain] = [await trained({ loraplus_lr_ratio: 16 }, { steps: 1 }), await trained({}, { steps: 1 })];
    const [a, b] = [await factors(fast.saved), await factors(plain.saved)];
    let moved = 0;
    for (const name of b.tensors.keys()) {
      const [there, here] = [await a.read(name), await b.read(name)];
      if (name.includes('lora_A')) expect(there).toEqual(here);
      else {
        for (const [i, value] of here.entries()) expect(there[i]).toBeCloseTo(16 * value, 5);
        moved += here.filter((value) => Math.abs(Math.abs(value) - 0.02) < 1e-3).length;
      }
    }
    // The first step of Adam is the learning rate, whatever the gradient.
    expect(moved).toBeGreaterThan(500);
  });
});

describe('NEFTune', () => {
  it('adds noise to embeddings in training passes: that of a model whose embedding has it', async () => {
    const { service } = open({}, { neftuneAlpha: 5 });
    const client = await lora(service);
    const noisy = await (await client.forwardBackward(DATA, 'cross_entropy')).result();
    const calm = await (await client.forward(DATA, 'cross_entropy')).result();
    for (const [d, { model_input }] of DATA.entries()) {
      const tokens = tokensOf(model_input);
      const moved = join(directory, `moved${d}`);
      await writeRandomModel(moved, { tie_word_embeddings: false });
      const path = join(moved, 'model.safetensors');
      const file = await openSafetensors(path);
      const tensors = await Promise.all(
        [...file.tensors].map(async ([name, { shape }]) => ({
          name,
          dtype: 'F32' as const,
          shape,
          data: await file.read(name),
        })),
      );
      const embedding = tensors.find(({ name }) => name === EMBEDDING)?.data ?? new Float32Array();
      const noise = uniform(randomFor(3, 'neftune', 0, d), tokens.length * 16, 5 / Math.sqrt(tokens.length * 16));
      for (const [t, token] of tokens.entries())
        for (let i = 0; i < 16; i++) embedding[token * 16 + i] += noise[t * 16 + i];
      await writeSafetensors(path, tensors, { format: 'pt' });
      const other = await open().service.createLoraTrainingClient({ base_model: moved, rank: 4, seed: 1 });
      const expected = await (await other.forward([DATA[d]], 'cross_entropy')).result();
      const of = (output: typeof noisy, index: number) => output.loss_fn_outputs[index]?.logprobs.data ?? [];
      for (let t = 0; t < tokens.length; t++) expect(of(noisy, d)[t]).toBeCloseTo(of(expected, 0)[t], 4);
      expect(Math.abs(of(noisy, d)[3] - of(calm, d)[3])).toBeGreaterThan(1e-3);
    }
  });

  it('is in cross-entropy alone: losses of ratios and custom ones train the model as it is', async () => {
    const [noisy, calm] = await Promise.all([5, 0].map((neftuneAlpha) => lora(open({}, { neftuneAlpha }).service)));
    const scores = await (await calm.forward(DATA, 'cross_entropy')).result();
    const rated = DATA.map(({ model_input, loss_fn_inputs: { target_tokens, weights } }, d): Datum => {
      const { logprobs } = scores.loss_fn_outputs[d];
      return { model_input, loss_fn_inputs: { target_tokens, logprobs, advantages: weights } };
    });
    const custom = (data: Datum[], logprobs_D_T: Float32Array[]) => ({
      loss: logprobs_D_T.flatMap((logprobs) => [...logprobs]).reduce((sum, each) => sum - each, 0),
      grads_D_T: data.map((_, d) => logprobs_D_T[d]?.map(() => -1) ?? new Float32Array()),
    });
    const normOf = async (client: TrainingClient, pass: (client: TrainingClient) => Promise<{ result(): unknown }>) => {
      await (await pass(client)).result();
      return (await (await client.optimStep(adam(0))).result()).metrics?.grad_norm;
    };
    for (const pass of [
      (client: TrainingClient) => client.forwardBackward(rated, 'importance_sampling'),
      (client: TrainingClient) => client.forwardBackward(rated, 'gspo'),
      (client: TrainingClient) => client.forwardBackwardCustom(DATA, custom),
    ]) {
      const norm = await normOf(calm, pass);
      expect(norm).toBeGreaterThan(0);
      expect(await normOf(noisy, pass)).toBe(norm);
    }
    const direct = (client: TrainingClient) => client.forwardBackward(DATA, 'cross_entropy');
    expect(await normOf(noisy, direct)).not.toBe(await normOf(calm, direct));
  });

  it('is the same in any microbatches, another after each step and for each seed', async () => {
    const [one, many] = [
      await trained({}, { neftuneAlpha: 5, microbatchTokens: 1000 }),
      await trained({}, { neftuneAlpha: 5, microbatchTokens: 8 }),
    ];
    for (const [step, loss] of one.losses.entries()) expect(many.losses[step]).toBeCloseTo(loss, 3);
    const client = await lora(open({}, { neftuneAlpha: 5 }).service);
    const still = await train(client, 2, 0);
    expect(still.losses[1]).not.toBeCloseTo(still.losses[0], 3);
    const other = await trained({}, { neftuneAlpha: 5, seed: 4, steps: 1 });
    expect(other.losses[0]).not.toBeCloseTo(one.losses[0], 3);
  });
});

it('a run that is resumed comes to the same bytes, with all of it', async () => {
  const fields = {
    use_rslora: true,
    lora_alpha: 7,
    rank_pattern: { down_proj: 6, q_proj: 3 },
    alpha_pattern: { up_proj: 11 },
    loraplus_lr_ratio: 4,
  };
  const whole = await trained(fields, { neftuneAlpha: 5, steps: 4 });
  const { saved } = await trained(fields, { neftuneAlpha: 5, steps: 2 });
  const { service, checkpoints } = open(fields, { neftuneAlpha: 5 });
  const client = await service.createTrainingClientFromStateWithOptimizer(saved);
  const { losses } = await train(client, 2);
  await (await client.saveState('end')).result();
  expect(losses).toEqual(whole.losses.slice(2));
  for (const name of ['adapter_model.safetensors', 'optimizer.safetensors', 'adapter_config.json', 'checkpoint.json'])
    expect(await bytesOf(join(checkpoints, 'weights/end'), name)).toBe(await bytesOf(whole.saved, name));
});

describe('is refused:', () => {
  it('a pattern that matches nothing', async () => {
    await expect(lora(open({ rank_pattern: { q_prj: 2 } }).service)).rejects.toThrow(
      'rank_pattern "q_prj" matches no module that is adapted',
    );
  });

  it('of an adapter that is loaded, a pattern that matches nothing of it and ranks that it does not have', async () => {
    const { saved } = await trained({ rank_pattern: { q_proj: 2 } }, { steps: 1 });
    const loading = (fields: Fields) => open(fields).service.createTrainingClientFromStateWithOptimizer(saved);
    await expect(loading({ alpha_pattern: { q_prj: 2 } })).rejects.toThrow(
      'alpha_pattern "q_prj" matches no module that is adapted',
    );
    await expect(loading({ rank_pattern: { down_proj: 2 } })).rejects.toThrow(/^rank_pattern asks for rank \d of /);
    await loading({ rank_pattern: { q_proj: 2 }, alpha_pattern: { q_proj: 2 } });
  });

  it('a pattern that is none', () => {
    expect(badPattern({ alpha_pattern: { '(': 2 } })).toMatchObject({ field: 'alpha_pattern' });
    expect(badPattern({ alpha_pattern: { '.*q_proj': 2 } })).toBeNull();
  });

  it('a rank above what the model is wide', async () => {
    await expect(lora(open({ rank_pattern: { q_proj: 64 } }).service)).rejects.toThrow('lora_rank 64 is more than');
  });
});

it('sequences of a batch never see each other: losses and gradients are the sums of theirs alone', async () => {
  const gradient = async (parts: Datum[][]) => {
    const { service } = open({}, { microbatchTokens: 1000 });
    const client = await lora(service);
    const logprobs: number[] = [];
    let loss = 0;
    // Two passes, so that both factors have a gradient in the second.
    for (const step of [0, 1]) {
      for (const part of parts) {
        const { loss_fn_outputs, metrics } = await (await client.forwardBackward(part, 'cross_entropy')).result();
        if (step === 1) logprobs.push(...loss_fn_outputs.flatMap((output) => [...output.logprobs.data]));
        if (step === 1) loss += metrics['loss:sum'];
      }
      const { metrics } = await (await client.optimStep(adam(0.01))).result();
      logprobs.push(metrics?.grad_norm ?? Number.NaN);
    }
    return [loss, ...logprobs];
  };
  const together = await gradient([DATA]);
  const alone = await gradient(DATA.map((datum) => [datum]));
  expect(together).toHaveLength(alone.length);
  for (const [i, value] of together.entries()) expect(value).toBeCloseTo(alone[i], 4);
  // Whatever stands beside it, a sequence has the same log-probs.
  const client = await lora(open({}, { microbatchTokens: 1000 }).service);
  const other: Datum = {
    ...DATA[1],
    model_input: modelInputFromTokens(Array.from({ length: 10 }, (_, t) => (t * 9) % 60)),
  };
  const first = async (data: Datum[]) => {
    const output = await (await client.forwardBackward(data, 'cross_entropy')).result();
    return [...(output.loss_fn_outputs[0]?.logprobs.data ?? [])];
  };
  expect(await first([DATA[0], other])).toEqual(await first([DATA[0], DATA[1]]));
});
