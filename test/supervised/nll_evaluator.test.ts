// The nll evaluator: one figure a token and one a byte, whatever the batches.

import { expect, test } from 'vitest';
import { Registry } from '../../src/registry/registry.ts';
import { batchedDataset } from '../../src/supervised/batches.ts';
import { datumFromModelInputWeights, type Reduction } from '../../src/supervised/common.ts';
import { nll } from '../../src/supervised/nll_evaluator.ts';
import type { SupervisedDataset } from '../../src/supervised/types.ts';
import type { TrainingClient } from '../../src/tinker/clients.ts';
import { type Datum, modelInputFromTokens } from '../../src/tinker/types.ts';
import { type Evaluator, evaluatorSlot } from '../../src/training/evaluator.ts';
import type { Metrics } from '../../src/training/types.ts';
import { tinyTokenizer } from '../support/tiny_tokenizer.ts';

const TEXTS = ['hello world', 'abc', 'some more of it<|im_end|>', 'x y', 'éèà'];

/** A model for which a token is the less likely the larger its id; it keeps a record of what is asked and answered. */
function steadyModel(record: string[]): TrainingClient {
  const unused = () => Promise.reject(new Error('not needed to measure a loss'));
  const logprobOf = (token: number) => -(token + 1) / 100;
  return {
    async forward(data: Datum[]) {
      record.push(`submit ${data.length}`);
      return {
        async result() {
          record.push(`result ${data.length}`);
          const loss_fn_outputs = data.map(({ loss_fn_inputs: { target_tokens } }) => ({
            logprobs: {
              data: Float32Array.from(target_tokens.data, logprobOf),
              dtype: 'float32' as const,
              shape: target_tokens.shape,
            },
          }));
          return { loss_fn_output_type: 'ArrayRecord', loss_fn_outputs, metrics: {} };
        },
      };
    },
    forwardBackward: unused,
    forwardBackwardCustom: unused,
    optimStep: unused,
    saveState: unused,
    saveWeightsForSampler: unused,
    saveWeightsAndGetSamplingClient: unused,
    getInfo: unused,
    close: unused,
  };
}

async function heldOut(batchSize: number, reduction: Reduction): Promise<SupervisedDataset> {
  const tokenizer = await tinyTokenizer();
  return batchedDataset({
    length: TEXTS.length,
    exampleAt: (index) => {
      const tokens = tokenizer.encode(TEXTS[index]);
      // The second token of each text is read but not trained.
      const weights = tokens.map((_, position) => (position === 1 ? 0 : 1));
      return datumFromModelInputWeights(modelInputFromTokens(tokens), weights, { reduction });
    },
    batchSize,
    shuffleSeeds: null,
  });
}

async function evaluatorOf(test: SupervisedDataset | null, name = 'test'): Promise<Evaluator> {
  const context = { tokenizer: await tinyTokenizer(), renderer: null, test, seed: 0, warn: () => undefined };
  return new Registry([nll]).build(evaluatorSlot, { builder: 'nll', name }, context);
}

async function measure(test: SupervisedDataset, record: string[] = [], name?: string): Promise<Metrics> {
  const evaluator = await evaluatorOf(test, name);
  const sampling = () => Promise.reject(new Error('it measures with the training client'));
  const signal = new AbortController().signal;
  return evaluator.evaluate({ training: steadyModel(record), sampling, step: 0, logPath: '', signal });
}

test('is the mean over trained tokens of the whole set', async () => {
  const tokenizer = await tinyTokenizer();
  const trained = TEXTS.flatMap((text) => tokenizer.encode(text).slice(2));
  const losses = trained.map((token) => (token + 1) / 100);
  const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
  const bytes = Buffer.byteLength(
    TEXTS.map((text) => tokenizer.decode(tokenizer.encode(text).slice(2), { skipSpecialTokens: true })).join(''),
  );
  const inText = trained.flatMap((token) => (tokenizer.isSpecial(token) ? [] : [(token + 1) / 100]));
  const metrics = await measure(await heldOut(2, 'none'), [], 'held');
  expect(Object.keys(metrics)).toEqual(['held/nll', 'held/bpb']);
  expect(metrics['held/nll']).toBeCloseTo(sum(losses) / losses.length, 5);
  expect(metrics['held/bpb']).toBeCloseTo(sum(inText) / (Math.LN2 * bytes), 5);
});

test('depends neither on the batches nor on the reduction', async () => {
  const reference = await measure(await heldOut(1, 'none'));
  for (const batchSize of [2, 3, 5, 8])
    for (const reduction of ['none', 'mean'] as const)
      expect(await measure(await heldOut(batchSize, reduction))).toEqual(reference);
});

test('submits every batch before it waits for the first', async () => {
  const record: string[] = [];
  await measure(await heldOut(2, 'none'), record);
  expect(record).toEqual(['submit 2', 'submit 2', 'submit 1', 'result 2', 'result 2', 'result 1']);
});

test('asks for a held-out set where there is none', async () => {
  await expect(evaluatorOf(null)).rejects.toThrow('the nll evaluator has no held-out set to measure');
});
