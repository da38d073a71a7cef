// What a loop over an adapter begins with: the tokenizer and renderer of its model, and a client on the adapter, which is
// new, starts from other weights, or goes on where an earlier attempt stopped.

import { locateModel } from '../hub/locate.ts';
import { type BuilderRef, isPlainRef, type Make } from '../registry/slot.ts';
import { recommendedRenderer, rendererForWeights } from '../renderers/recommended.ts';
import type { Renderer, rendererSlot } from '../renderers/types.ts';
import type { TrainingClient } from '../tinker/clients.ts';
import { loadTokenizer } from '../tokenizers/hf_tokenizer.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import type { ModelConfig } from './model_fields.ts';
import type { CheckpointLog, EstimateContext, ResolvedWeights } from './types.ts';

interface Conversations {
  tokenizer: Tokenizer;
  renderer: Renderer;
  rendererRef: BuilderRef<typeof rendererSlot>;
}

export interface OpenedModel extends Conversations {
  /** What an adapter is trained of, and what is paid for: weights to start from may be a model of their own. */
  baseModel: string;
  /** For `Journal.open`: a client to start with, or one that goes on from a state. */
  openClient(statePath: string | null): Promise<TrainingClient>;
}

type Model = Pick<ModelConfig, 'model_name' | 'load_checkpoint_path' | 'renderer' | 'renderer_override'>;

/** How a model reads conversations. */
export async function openConversations(config: Model, context: EstimateContext, make: Make): Promise<Conversations> {
  return (await locateConversations(config, context, make)).conversations;
}

async function locateConversations(config: Model, context: EstimateContext, make: Make) {
  const notify = (message: string) => context.emit({ type: 'notice', message });
  const { directory, name } = await locateModel(config.model_name, { parts: 'tokenizer', notify });
  const tokenizer = await loadTokenizer(directory);
  const loaded = await loadedWeights(config, context);
  const rendererRef = await chooseRenderer(config, loaded, { tokenizer, checkpoints: context.checkpoints });
  const renderer = await make(rendererRef, { tokenizer });
  return { conversations: { tokenizer, renderer, rendererRef }, loaded, name };
}

export async function openModel(config: ModelConfig, context: EstimateContext, make: Make): Promise<OpenedModel> {
  const { service, seed, emit } = context;
  const { model_name, lora_rank: rank, train_mlp, train_attn, train_unembed } = config;
  const notify = (message: string) => emit({ type: 'notice', message });
  const warn = (message: string) => emit({ type: 'warning', message });
  const { conversations, loaded, name } = await locateConversations(config, context, make);
  const user_metadata = { renderer_name: conversations.rendererRef.builder };
  const baseModel = loaded?.base_model ?? model_name;
  const adapter = (base_model: string) =>
    service.createLoraTrainingClient({ base_model, rank, train_mlp, train_attn, train_unembed, seed, user_metadata });
  const fresh = async () => {
    if (loaded === null) return await adapter(model_name);
    const { model_path, description } = loaded;
    notify(`starts from ${description}`);
    if (model_path === undefined) return await adapter(baseModel);
    const client = await service.createTrainingClientFromState(model_path);
    const { base_model, is_lora } = await client.getInfo();
    if (is_lora && base_model !== name && base_model !== model_name) {
      warn(`load_checkpoint_path was trained on ${base_model}, which goes on being trained; model_name is ${name}`);
    }
    return client;
  };
  const openClient = (state: string | null) =>
    state === null ? fresh() : service.createTrainingClientFromStateWithOptimizer(state);
  return { ...conversations, baseModel, openClient };
}

/** The weights to start from; null without any, and in a run that goes on from a checkpoint of its own. */
async function loadedWeights(
  { load_checkpoint_path }: Model,
  { checkpoints, resolveWeights }: EstimateContext,
): Promise<ResolvedWeights | null> {
  if (load_checkpoint_path === null) return null;
  const goesOn = (await checkpoints.list()).some(({ state_path }) => state_path !== undefined);
  return goesOn ? null : await resolveWeights(load_checkpoint_path);
}

/** A run goes on with the renderer that it began with: its spec's, that of the weights it started from, the model's. */
async function chooseRenderer(
  { renderer, renderer_override, model_name }: Model,
  loaded: ResolvedWeights | null,
  { tokenizer, checkpoints }: { tokenizer: Tokenizer; checkpoints: CheckpointLog },
): Promise<BuilderRef<typeof rendererSlot>> {
  const own = (await checkpoints.list()).at(-1)?.extra?.renderer;
  const trainedWith = loaded?.renderer ?? (isPlainRef(own) ? own : null);
  const override = renderer_override || loaded === null;
  const chosen = rendererForWeights(renderer, { trainedWith, override, weights: loaded?.description ?? '' });
  return chosen ?? (await recommendedRenderer({ modelName: model_name, tokenizer }));
}
