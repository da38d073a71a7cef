// Supervised fine-tuning: the model's tokenizer and renderer, the dataset, an adapter, and the loop over them.

import type { Make } from '../registry/slot.ts';
import { maxContextLengthOf } from '../tinker/capabilities.ts';
import { positionsOf } from '../tinker/types.ts';
import { buildEvaluators } from '../training/build_evaluators.ts';
import { openModel } from '../training/open_model.ts';
import type { EstimateContext, TokenEstimate, TrainingContext, TrainingOutcome } from '../training/types.ts';
import { colorizeExample } from './colorize.ts';
import { estimateBatches } from './estimate.ts';
import type { SupervisedConfig } from './fields.ts';
import { crossEntropy, trainOnBatches } from './loop.ts';
import type { SupervisedDataset } from './types.ts';

export async function trainSupervised(
  config: SupervisedConfig,
  context: TrainingContext,
  make: Make,
): Promise<TrainingOutcome> {
  const { tokenizer, rendererRef, openClient, datasets, measured } = await openData(config, context, make);
  await showFirstExample(datasets.train, context, (datum) => colorizeExample(datum, tokenizer));
  const parts = {
    openClient,
    train: datasets.train,
    ...(await buildEvaluators(config, measured, context, make)),
    loss: crossEntropy(tokenizer),
    renderer: rendererRef,
  };
  return await trainOnBatches(config, parts, context);
}

export async function estimateSupervised(
  config: SupervisedConfig,
  context: EstimateContext,
  make: Make,
): Promise<TokenEstimate> {
  const { baseModel: model, datasets, measured } = await openData(config, context, make);
  const parts = { model, train: datasets.train, ...(await buildEvaluators(config, measured, context, make)) };
  return await estimateBatches(config, parts, (data) => ({ train: positionsOf(data) }), context);
}

/** What is trained on and measured, and the model that reads it. */
async function openData(config: SupervisedConfig, context: EstimateContext, make: Make) {
  const { service, seed, emit, signal } = context;
  const notify = (message: string) => emit({ type: 'notice', message });
  const warn = (message: string) => emit({ type: 'warning', message });
  const opened = await openModel(config, context, make);
  const { tokenizer, renderer } = opened;
  const maxContextLength = await maxContextLengthOf(service, config.model_name);
  const material = { tokenizer, renderer, maxContextLength, seed, warn, notify, signal };
  const datasets = await make(config.dataset, material);
  const measured = { tokenizer, renderer, test: datasets.test, own: datasets.evaluators };
  return { ...opened, datasets, measured };
}

/** What the loss sees: worth a look before hours of training. */
async function showFirstExample(
  train: SupervisedDataset,
  { emit }: TrainingContext,
  show: (datum: Awaited<ReturnType<SupervisedDataset['getBatch']>>[number]) => string,
): Promise<void> {
  train.setEpoch(0);
  const [first] = await train.getBatch(0);
  if (first !== undefined) emit({ type: 'text', title: 'first example', text: show(first) });
}
