// Which parts of a model an adapter sits on, and how large it may be.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openLocalService } from '../../src/engine/engine.ts';
import type { LocalServiceClient } from '../../src/engine/service.ts';
import { openSafetensors } from '../../src/formats/safetensors.ts';
import type { CreateLoraTrainingClientOptions, TrainingClient } from '../../src/tinker/clients.ts';
import { type Datum, modelInputFromTokens } from '../../src/tinker/types.ts';
import { adam } from '../support/adam.ts';
import { writeRandomModel } from '../support/random_model.ts';

type Parts = Pick<CreateLoraTrainingClientOptions, 'train_mlp' | 'train_attn' | 'train_unembed'>;

const TOKENS = [5, 17, 40, 3, 22, 9, 51, 8];
const DATUM: Datum = {
  model_input: modelInputFromTokens(TOKENS.slice(0, -1)),
  loss_fn_inputs: { target_tokens: { data: TOKENS.slice(1), dtype: 'int64', shape: [TOKENS.length - 1] } },
};

let directory: string;
let model: string;
let service: LocalServiceClient;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cookbook-parts-'));
  model = await writeRandomModel(join(directory, 'model'));
  service = openLocalService({ checkpoints: directory, threads: 1, microbatchTokens: 64, seed: 3 });
});

afterAll(async () => {
  await service.close();
  await rm(directory, { recursive: true, force: true });
});

async function train(client: TrainingClient, steps: number): Promise<number[]> {
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const output = await client.forwardBackward([DATUM], 'cross_entropy');
    await client.optimStep(adam(0.02));
    losses.push((await output.result()).metrics['loss:sum']);
  }
  return losses;
}

const create = (parts: Parts, rank = 2) =>
  service.createLoraTrainingClient({ base_model: model, rank, seed: 1, ...parts });

/** The modules of which a saved adapter has factors, without their layers. */
async function adaptedIn(path: string): Promise<string[]> {
  const file = await openSafetensors(join(directory, path.replace('tinker://local/', ''), 'adapter_model.safetensors'));
  return [
    ...new Set([...file.tensors.keys()].map((key) => key.replace(/^base_model\.model\.|\.lora_[AB]\.weight$/g, ''))),
  ]
    .filter((name) => !name.includes('layers.1'))
    .map((name) => name.replace('model.layers.0.', ''))
    .sort();
}

it.each<[string, Parts, string[]]>([
  ['the MLP layers', { train_attn: false, train_unembed: false }, ['mlp.down_proj', 'mlp.gate_proj', 'mlp.up_proj']],
  ['the unembedding', { train_mlp: false, train_attn: false }, ['lm_head']],
  [
    'the attention layers and the unembedding',
    { train_mlp: false },
    ['lm_head', 'self_attn.k_proj', 'self_attn.o_proj', 'self_attn.q_proj', 'self_attn.v_proj'],
  ],
  [
    'all of them, unless told otherwise',
    {},
    [
      'lm_head',
      'mlp.down_proj',
      'mlp.gate_proj',
      'mlp.up_proj',
      'self_attn.k_proj',
      'self_attn.o_proj',
      'self_attn.q_proj',
      'self_attn.v_proj',
    ],
  ],
])('adapts %s: learns, samples what it scores, and goes on from its state', async (_, parts, modules) => {
  const client = await create(parts);
  const losses = await train(client, 8);
  expect(losses[7]).toBeLessThan(losses[0] - 0.05);

  const { path } = await (await client.saveState('parts')).result();
  expect(await adaptedIn(path)).toEqual(modules);
  const resumed = await service.createTrainingClientFromStateWithOptimizer(path);
  expect(await train(resumed, 3)).toEqual(await train(client, 3));

  const sampler = await client.saveWeightsAndGetSamplingClient();
  const prompt = TOKENS.slice(0, 4);
  const { sequences } = await sampler.sample(modelInputFromTokens(prompt), 1, { max_tokens: 6, seed: 0 });
  const scored = await sampler.computeLogprobs(modelInputFromTokens([...prompt, ...sequences[0].tokens]));
  for (const [i, logprob] of sequences[0].logprobs.entries()) {
    expect(logprob).toBeCloseTo(Number(scored[prompt.length + i]), 4);
  }
});

it('tells what cannot be trained before anything is allocated', async () => {
  const message = async (parts: Parts, rank?: number) =>
    await create(parts, rank).then(
      () => 'created',
      (error: Error) => error.message,
    );
  expect(await message({ train_mlp: false, train_attn: false, train_unembed: false })).toMatchInlineSnapshot(
    `"train_mlp, train_attn and train_unembed are all false: there is nothing to train"`,
  );
  expect(await message({}, 32)).toBe('created');
  expect(await message({}, 33)).toMatchInlineSnapshot(
    `"lora_rank 33 is more than the width of the model, which is 16"`,
  );
  expect(await message({}, 20_000_000)).toMatchInlineSnapshot(
    `"lora_rank 20000000 is more than the width of the model, which is 16"`,
  );
});
