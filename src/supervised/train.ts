// Supervised fine-tuning: the model's tokenizer and renderer, the dataset, an adapter, and the loop over them.

import { locateModel } from '../hub/locate.ts';
import { type BuilderRef, type Make, reference } from '../registry/slot.ts';
import { recommendedRenderer } from '../renderers/recommended.ts';
import { maxContextLengthOf } from '../tinker/capabilities.ts';
import { loadTokenizer } from '../tokenizers/hf_tokenizer.ts';
import { type Evaluator, type EvaluatorContext, evaluatorSlot } from '../training/evaluator.ts';
import type { TrainingContext, TrainingOutcome } from '../training/types.ts';
import { colorizeExample } from './colorize.ts';
import type { LoopConfig, SupervisedConfig } from './fields.ts';
import { superviseTraining } from './loop.ts';
import type { SupervisedDataset } from './types.ts';

export async function trainSupervised(
  config: SupervisedConfig,
  context: TrainingContext,
  make: Make,
): Promise<TrainingOutcome> {
  const { service, seed, emit } = context;
  const { model_name, load_checkpoint_path, lora_rank: rank, train_mlp, train_attn, train_unembed } = config;
  const notify = (message: string) => emit({ type: 'notice', message });
  const warn = (message: string) => emit({ type: 'warning', message });
  const { directory, name } = await locateModel(model_name, { parts: 'tokenizer', notify });
  const tokenizer = await loadTokenizer(directory);
  const ref = config.renderer ?? recommendedRenderer({ modelName: model_name, tokenizer });
  const renderer = await make(ref, { tokenizer });
  const user_metadata = { renderer_name: ref.builder };
  const adapter = (base_model: string) =>
    service.createLoraTrainingClient({ base_model, rank, train_mlp, train_attn, train_unembed, seed, user_metadata });
  const fresh = async () => {
    if (load_checkpoint_path === null) return await adapter(model_name);
    const { model_path, base_model: model, description } = await context.resolveWeights(load_checkpoint_path);
    notify(`starts from ${description}`);
    if (model_path === undefined) return await adapter(model ?? model_name);
    const client = await service.createTrainingClientFromState(model_path);
    const { base_model, is_lora } = await client.getInfo();
    if (is_lora && base_model !== name && base_model !== model_name) {
      warn(`load_checkpoint_path was trained on ${base_model}, which goes on being trained; model_name is ${name}`);
    }
    return client;
  };
  const maxContextLength = await maxContextLengthOf(service, model_name);
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
  const measured = { tokenizer, renderer, test: datasets.test, seed };
  const parts = {
    openClient: (state: string | null) =>
      state === null ? fresh() : service.createTrainingClientFromStateWithOptimizer(state),
    train: datasets.train,
    ...(await buildEvaluators(config, measured, make)),
    tokenizer,
  };
  return await superviseTraining(config, parts, context);
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
