// The nll evaluator: loss of the held-out set, per token and per byte.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../registry/builder.ts';
import { semantic } from '../registry/fields.ts';
import type { TrainingClient } from '../tinker/clients.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { estimateReading } from '../training/estimate.ts';
import { type Evaluator, evaluatorSlot, type HeldOut } from '../training/evaluator.ts';
import type { Metrics } from '../training/types.ts';
import { ConfigurationError } from '../util/errors.ts';
import { computeBpb, computeMeanNll } from './common.ts';

export const nll = defineBuilder({
  slot: evaluatorSlot,
  name: 'nll',
  version: 1,
  doc: 'Loss of the held-out set: NAME/nll in nats per trained token, NAME/bpb in bits per byte of text.',
  params: Type.Object({
    name: semantic(Type.String({ description: 'Begins the names of the metrics.', default: 'test', minLength: 1 })),
  }),
  build({ name }, { test, tokenizer }): Evaluator {
    if (test === null) {
      throw new ConfigurationError('the nll evaluator has no held-out set to measure', {
        hint: 'Set test_size or test_file_path (test_fraction for text) in the dataset, or leave the evaluator out.',
      });
    }
    return {
      evaluate: ({ training, signal }) => evaluateNll(training, test, { tokenizer, name, signal }),
      estimate: () => estimateReading(test),
    };
  },
  headline: ({ name }) => [
    { metric: `${name}/nll`, goal: 'minimize', label: `${name}/nll` },
    { metric: `${name}/bpb`, goal: 'minimize', label: `${name}/bpb` },
  ],
});

const SUBMITTED_AHEAD = 8;

/**
 * Sums over the whole set before it divides, and counts every token of positive weight once: the figures depend neither on
 * the batches nor on the dataset's reduction, and exp(nll) is the perplexity.
 */
async function evaluateNll(
  client: TrainingClient,
  test: HeldOut,
  { tokenizer, name, signal }: { tokenizer: Tokenizer; name: string; signal: AbortSignal },
): Promise<Metrics> {
  const batches = await Promise.all(Array.from({ length: test.length }, (_, index) => test.getBatch(index)));
  const submitted = [];
  const outputs = [];
  for (const batch of batches) {
    signal.throwIfAborted();
    submitted.push(await client.forward(batch, 'cross_entropy'));
    // Enough to keep the service busy, and little to wait for when the run is asked to stop.
    const oldest = submitted.length > SUBMITTED_AHEAD ? submitted.shift() : undefined;
    if (oldest !== undefined) outputs.push(await oldest.result());
  }
  for (const future of submitted) outputs.push(await future.result());

  const inputs_D = batches.flat().map((datum) => datum.loss_fn_inputs);
  const logprobs_D_T = outputs.flatMap((output) => output.loss_fn_outputs.map(({ logprobs }) => logprobs.data));
  const counted_D_T = inputs_D.map(({ weights }) => Array.from(weights.data, (weight) => (weight > 0 ? 1 : 0)));
  const targets_D_T = inputs_D.map(({ target_tokens }) => target_tokens.data);
  return {
    [`${name}/nll`]: computeMeanNll(logprobs_D_T, counted_D_T),
    [`${name}/bpb`]: computeBpb(logprobs_D_T, counted_D_T, targets_D_T, tokenizer),
  };
}
