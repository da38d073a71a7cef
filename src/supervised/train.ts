// Supervised fine-tuning: the model's tokenizer and renderer, the dataset, an adapter, and the loop over them.

import { locateModel } from '../hub/locate.ts';
import { type BuilderRef, isPlainRef, type Make, reference } from '../registry/slot.ts';
import { recommendedRenderer, rendererForWeights } from '../renderers/recommended.ts';
import type { rendererSlot } from '../renderers/types.ts';
import { maxContextLengthOf } from '../tinker/capabilities.ts';
import { loadTokenizer } from '../tokenizers/hf_tokenizer.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { type Evaluator, type EvaluatorContext, evaluatorSlot } from '../training/evaluator.ts';
import type { CheckpointLog, ResolvedWeights, TrainingContext, TrainingOutcome } from '../training/types.ts';
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
  const { model_name, lora_rank: rank, train_mlp, train_attn, train_unembed } = config;
  const notify = (message: string) => emit({ type: 'notice', message });
  const warn = (message: string) => emit({ type: 'warning', message });
  const { directory, name } = await locateModel(model_name, { parts: 'tokenizer', notify });
  const tokenizer = await loadTokenizer(directory);
  const loaded = await loadedWeights(config, context);
  const ref = await rendererRef(config, loaded, { tokenizer, checkpoints: context.checkpoints });
  const renderer = await make(ref, { tokenizer });
  const user_metadata = { renderer_name: ref.builder };
  const adapter = (base_model: string) =>
    service.createLoraTrainingClient({ base_model, rank, train_mlp, train_attn, train_unembed, seed, user_metadata });
  const fresh = async () => {
    if (loaded === null) return await adapter(model_name);
    const { model_path, base_model: model, description } = loaded;
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
    renderer: ref,
  };
  return await superviseTraining(config, parts, context);
}

/** The weights to start from; null without any, and in a run that goes on from a checkpoint of its own. */
async function loadedWeights(
  { load_checkpoint_path }: SupervisedConfig,
  { checkpoints, resolveWeights }: TrainingContext,
): Promise<ResolvedWeights | null> {
  if (load_checkpoint_path === null) return null;
  const goesOn = (await checkpoints.list()).some(({ state_path }) => state_path !== undefined);
  return goesOn ? null : await resolveWeights(load_checkpoint_path);
}

/** A run goes on with the renderer that it began with: its spec's, that of the weights it started from, the model's. */
async function rendererRef(
  { renderer, renderer_override, model_name }: SupervisedConfig,
  loaded: ResolvedWeights | null,
  { tokenizer, checkpoints }: { tokenizer: Tokenizer; checkpoints: CheckpointLog },
): Promise<BuilderRef<typeof rendererSlot>> {
  const own = (await checkpoints.list()).at(-1)?.extra?.renderer;
  const trainedWith = loaded?.renderer ?? (isPlainRef(own) ? own : null);
  const override = renderer_override || loaded === null;
  const chosen = rendererForWeights(renderer, { trainedWith, override, weights: loaded?.description ?? '' });
  return chosen ?? (await recommendedRenderer({ modelName: model_name, tokenizer }));
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
