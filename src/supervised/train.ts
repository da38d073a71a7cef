// Supervised fine-tuning: the model's tokenizer and renderer, the dataset, an adapter, and the loop over them.

import type { Make } from '../registry/slot.ts';
import { maxContextLengthOf } from '../tinker/capabilities.ts';
import { buildEvaluators } from '../training/build_evaluators.ts';
import { openModel } from '../training/open_model.ts';
import type { TrainingContext, TrainingOutcome } from '../training/types.ts';
import { colorizeExample } from './colorize.ts';
import type { SupervisedConfig } from './fields.ts';
import { crossEntropy, trainOnBatches } from './loop.ts';
import type { SupervisedDataset } from './types.ts';

export async function trainSupervised(
  config: SupervisedConfig,
  context: TrainingContext,
  make: Make,
): Promise<TrainingOutcome> {
  const { service, seed, emit } = context;
  const notify = (message: string) => emit({ type: 'notice', message });
  const warn = (message: string) => emit({ type: 'warning', message });
  const { tokenizer, renderer, rendererRef, openClient } = await openModel(config, context, make);
  const maxContextLength = await maxContextLengthOf(service, config.model_name);
  const datasets = await make(config.dataset, {
    tokenizer,
    renderer,
    maxContextLength,
    seed,
    warn,
    notify,
    signal: context.signal,
  });
  await showFirstExample(datasets.train, context, (datum) => colorizeExample(datum, tokenizer));
  const measured = { tokenizer, renderer, test: datasets.test, own: datasets.evaluators };
  const parts = {
    openClient,
    train: datasets.train,
    ...(await buildEvaluators(config, measured, context, make)),
    loss: crossEntropy(tokenizer),
    renderer: rendererRef,
  };
  return await trainOnBatches(config, parts, context);
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
