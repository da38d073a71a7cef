// What training on a dataset takes: the batches of the loop are made, as the loop makes them, and counted.

import type { TokenCounts } from '../tinker/prices.ts';
import { estimateEvaluations, sumOfEstimates } from '../training/estimate.ts';
import type { EstimateContext, TokenEstimate } from '../training/types.ts';
import { batchesOf, totalStepsOf } from './batches.ts';
import type { LoopConfig } from './fields.ts';
import type { LoopParts } from './loop.ts';

type Config = Pick<LoopConfig, 'num_epochs' | 'max_steps' | 'eval_every' | 'infrequent_eval_every' | 'early_stopping'>;

/** @param spentOn what a step on a batch takes of the model */
export async function estimateBatches<T>(
  config: Config,
  { model, ...parts }: Pick<LoopParts<T>, 'train' | 'evaluators' | 'infrequentEvaluators'> & { model: string },
  spentOn: (batch: T[]) => Partial<TokenCounts>,
  { signal }: Pick<EstimateContext, 'signal'>,
): Promise<TokenEstimate> {
  const steps = totalStepsOf(config, parts.train);
  const batchOf = batchesOf(parts.train);
  const tokens = { train: 0, prefill: 0 };
  for (let step = 0; step < steps; step++) {
    signal.throwIfAborted();
    const { train = 0, prefill = 0 } = spentOn(await batchOf(step));
    tokens.train += train;
    tokens.prefill += prefill;
  }
  const trained = { spent: [{ model, tokens }], atMost: false, without: [] };
  return sumOfEstimates(trained, await estimateEvaluations(model, parts, config, steps));
}
