// Supervised fine-tuning: the model's tokenizer and renderer, the dataset, an adapter, and the loop over them.

import { type BuilderRef, type Make, reference } from '../registry/slot.ts';
import { maxContextLengthOf } from '../tinker/capabilities.ts';
import { type Evaluator, type EvaluatorContext, evaluatorSlot } from '../training/evaluator.ts';
import { openModel } from '../training/open_model.ts';
import { otherModels } from '../training/other_models.ts';
import type { TrainingContext, TrainingOutcome } from '../training/types.ts';
import { colorizeExample } from './colorize.ts';
import type { LoopConfig, SupervisedConfig } from './fields.ts';
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
  const models = otherModels(context, notify);
  const { signal } = context;
  const measured = { tokenizer, renderer, test: datasets.test, seed, models, warn, notify, signal };
  const { evaluators, infrequentEvaluators } = await buildEvaluators(config, measured, make);
  const parts = {
    openClient,
    train: datasets.train,
    evaluators: [...(datasets.evaluators ?? []), ...evaluators],
    infrequentEvaluators,
    loss: crossEntropy(tokenizer),
    renderer: rendererRef,
  };
  return await trainOnBatches(config, parts, context);
}

/** The evaluators that are listed; held-out data is measured even where none is listed for it. */
export async function buildEvaluators(
  config: Pick<LoopConfig, 'evaluators' | 'infrequent_evaluators'>,
  measured: EvaluatorContext,
  make: Make,
) {
  const build = (refs: BuilderRef<typeof evaluatorSlot>[]): Promise<Evaluator[]> =>
    Promise.all(refs.map((ref) => make(ref, measured)));
  const listed = [...config.evaluators, ...config.infrequent_evaluators].some(({ builder }) => builder === 'nll');
  const implied = measured.test !== null && !listed ? [reference(evaluatorSlot, { builder: 'nll' })] : [];
  return {
    evaluators: await build([...implied, ...config.evaluators]),
    infrequentEvaluators: await build(config.infrequent_evaluators),
  };
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
