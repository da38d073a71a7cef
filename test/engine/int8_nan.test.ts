// Activations that overflow: bytes have no NaN, and what is computed with them has to say all the same that it is no number.

import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openLocalService } from '../../src/engine/engine.ts';
import { writeAdapter } from '../../src/formats/adapter.ts';
import { parseModelConfig } from '../../src/formats/hf_config.ts';
import { type Datum, modelInputFromTokens } from '../../src/tinker/types.ts';
import { randomModelConfig, writeRandomModel } from '../support/random_model.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

const [RANK, HIDDEN, INTERMEDIATE] = [2, 16, 24];
const SHAPE = [3];
const DATUM: Datum = {
  model_input: modelInputFromTokens([1, 2, 3]),
  loss_fn_inputs: {
    target_tokens: { data: [2, 3, 4], dtype: 'int64', shape: SHAPE },
    weights: { data: [1, 1, 1], dtype: 'float32', shape: SHAPE },
  },
};

it('one feature that overflows is told by losses and by samples, as in float32', async () => {
  const directory = await temporaryDirectory();
  const model = await writeRandomModel(join(directory, 'model'));
  const B = new Float32Array(HIDDEN * RANK);
  B.set([1e30, -1e30], 5 * RANK);
  const factors = new Map([
    ['model.layers.1.mlp.down_proj', { A: new Float32Array(RANK * INTERMEDIATE).fill(1e20), B }],
  ]);
  const adapter = join(directory, 'adapter');
  const config = parseModelConfig(randomModelConfig(), 'model');
  await writeAdapter(adapter, { rank: RANK, alpha: 32, base_model_name_or_path: model, factors }, config);
  const one = openLocalService({
    checkpoints: directory,
    threads: 1,
    microbatchTokens: 64,
    precision: 'int8',
    seed: 3,
  });
  const client = await one.createTrainingClientFromState(adapter);
  for (const pass of [
    await client.forward([DATUM], 'cross_entropy'),
    await client.forwardBackward([DATUM], 'cross_entropy'),
  ])
    expect((await pass.result()).metrics['loss:sum']).toBeNaN();
  const sampler = await client.saveWeightsAndGetSamplingClient();
  const { sequences } = await sampler.sample(modelInputFromTokens([1, 2]), 1, { max_tokens: 2, stop: [], seed: 1 });
  expect([...sequences[0].logprobs]).toEqual([Number.NaN, Number.NaN]);
  await one.close();
});
