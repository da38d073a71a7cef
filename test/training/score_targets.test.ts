// Log-probs of the targets that count, under a model that is only read.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { openLocalService } from '../../src/engine/engine.ts';
import type { SamplingClient } from '../../src/tinker/clients.ts';
import { modelInputFromTokens, type TensorData } from '../../src/tinker/types.ts';
import { scoreTargets } from '../../src/training/score_targets.ts';
import { TINY } from '../support/tinker_server.ts';

const TOKENS = [5, 6, 7, 8, 9, 10];

function datum(more: Record<string, number[]>) {
  const data = TOKENS.slice(1);
  const columns = Object.entries(more).map(([name, values]): [string, TensorData] => [
    name,
    { data: Float32Array.from(values), dtype: 'float32', shape: [values.length] },
  ]);
  const target_tokens: TensorData = { data, dtype: 'int64', shape: [data.length] };
  return {
    model_input: modelInputFromTokens(TOKENS.slice(0, -1)),
    loss_fn_inputs: { target_tokens, ...Object.fromEntries(columns) },
  };
}

it('are those of the whole text, and what stands before them is not asked about', async () => {
  const checkpoints = await mkdtemp(join(tmpdir(), 'cookbook-score-'));
  const service = openLocalService({ threads: 1, checkpoints, microbatchTokens: 256, seed: 0 });
  onTestFinished(async () => {
    await service.close();
    await rm(checkpoints, { recursive: true });
  });
  const model = await service.createSamplingClient({ base_model: TINY });
  const asked: unknown[] = [];
  const client: SamplingClient = {
    sample: (...given) => model.sample(...given),
    computeLogprobs(input, options) {
      asked.push(options?.last_n);
      return model.computeLogprobs(input, options);
    },
    getInfo: () => model.getInfo(),
    close: () => model.close(),
  };
  const [, ...whole] = await model.computeLogprobs(modelInputFromTokens(TOKENS));
  const from = (first: number) => whole.map((logprob, t) => (t < first ? Number.NaN : logprob));
  const data = [
    datum({}),
    datum({ mask: [0, 0, 1, 0, 1] }),
    datum({ weights: [0, 0, 0, 0, 1] }),
    datum({ mask: [1, 0, 0, 0, 0] }),
  ];
  const scored = await scoreTargets(client, data);
  expect(scored.map(({ logprobs_T }) => logprobs_T)).toEqual([from(0), from(2), from(4), from(0)]);
  expect(asked).toEqual([5, 3, 1, 5]);
});
