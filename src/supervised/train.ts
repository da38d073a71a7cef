// Supervised fine-tuning: the model's tokenizer and renderer, the dataset, an adapter, and the loop over them.

import { locateModel } from '../hub/locate.ts';
import type { BuilderRef } from '../registry/fields.ts';
import { recommendedRenderer } from '../renderers/recommended.ts';
import { rendererSlot } from '../renderers/types.ts';
import { loadTokenizer } from '../tokenizers/hf_tokenizer.ts';
import { type Evaluator, type EvaluatorContext, evaluatorSlot } from '../training/evaluator.ts';
import type { TrainingContext, TrainingOutcome } from '../training/types.ts';
import { colorizeExample } from './colorize.ts';
import { type LoopConfig, superviseTraining } from './loop.ts';
import { datasetSlot, type SupervisedDataset } from './types.ts';

export interface EvaluatedConfig extends LoopConfig {
  dataset: BuilderRef;
  evaluators: BuilderRef[];
  infrequent_evaluators: BuilderRef[];
}

export interface SupervisedConfig extends EvaluatedConfig {
  model_name: string;
  load_checkpoint_path: string | null;
  renderer: BuilderRef | null;
  lora_rank: number;
  train_mlp: boolean;
  train_attn: boolean;
  train_unembed: boolean;
}

export async function trainSupervised(config: SupervisedConfig, context: TrainingContext): Promise<TrainingOutcome> {
  const { registry, service, seed, emit } = context;
  const { model_name, load_checkpoint_path, lora_rank: rank, train_mlp, train_attn, train_unembed } = config;
  const notify = (message: string) => emit({ type: 'notice', message });
  const warn = (message: string) => emit({ type: 'warning', message });
  const { directory, name } = await locateModel(model_name, { parts: 'tokenizer', notify });
  const tokenizer = await loadTokenizer(directory);
  const ref = config.renderer ?? recommendedRenderer({ modelName: model_name, tokenizer });
  const renderer = await registry.build(rendererSlot, ref, { tokenizer });
  const fresh = async () => {
    if (load_checkpoint_path === null) {
      const user_metadata = { renderer_name: ref.builder };
      const adapter = { rank, train_mlp, train_attn, train_unembed };
      return await service.createLoraTrainingClient({ base_model: model_name, ...adapter, seed, user_metadata });
    }
    const client = await service.createTrainingClientFromState(load_checkpoint_path);
    const { base_model, is_lora } = await client.getInfo();
    if (is_lora && base_model !== name && base_model !== model_name) {
      warn(`load_checkpoint_path was trained on ${base_model}, which goes on being trained; model_name is ${name}`);
    }
    return client;
  };
  const sampler = await service.createSamplingClient({ base_model: model_name });
  const { max_context_length: maxContextLength } = await sampler.getInfo();
  const datasets = await registry.build(datasetSlot, config.dataset, {
    tokenizer,
    renderer,
    maxContextLength,
    seed,
    warn,
  });
  await showFirstExample(datasets.train, context, (datum) => colorizeExample(datum, tokenizer));
  const measured = { tokenizer, renderer, test: datasets.test, seed };
  const parts = {
    openClient: (state: string | null) =>
      state === null ? fresh() : service.createTrainingClientFromStateWithOptimizer(state),
    train: datasets.train,
    ...(await buildEvaluators(config, measured, context)),
    tokenizer,
  };
  return await superviseTraining(config, parts, context);
}

/** The evaluators that are listed; held-out data is measured even where none is listed for it. */
export async function buildEvaluators(
  config: EvaluatedConfig,
  measured: EvaluatorContext,
  { registry }: TrainingContext,
) {
  const build = (refs: BuilderRef[]): Promise<Evaluator[]> =>
    Promise.all(refs.map((ref) => registry.build(evaluatorSlot, ref, measured)));
  const listed = [...config.evaluators, ...config.infrequent_evaluators].some(({ builder }) => builder === 'nll');
  const implied: BuilderRef[] = measured.test !== null && !listed ? [{ builder: 'nll', name: 'test' }] : [];
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
