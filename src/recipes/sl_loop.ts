// Supervised learning with no abstractions: one loop on the bare Tinker API, to read from top to bottom and to start your
// own from. src/supervised/train.ts does the same with datasets, evaluators and schedules to choose from.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../registry/builder.ts';
import { contents, FIELD_EXTENDS, nullable, runtime, semantic } from '../registry/fields.ts';
import { type TrainingContext, type TrainingOutcome, trainerSlot } from '../training/types.ts';

const params = Type.Object({
  model_name: contents(Type.String({ description: 'The base model: a directory, a GGUF file or a name on the hub.' })),
  file_path: contents(Type.String({ format: 'path', description: 'Conversations, one {"messages": […]} a line.' })),
  batch_size: semantic(Type.Integer({ minimum: 1, default: 16, description: 'Conversations in a step.' })),
  learning_rate: semantic(Type.Number({ minimum: 0, default: 1e-3, description: 'Falls linearly to 0.' })),
  lora_rank: semantic(Type.Integer({ minimum: 1, default: 32, description: 'Rank of the adapter.' })),
  max_length: semantic(Type.Integer({ minimum: 2, default: 512, description: 'Tokens a conversation is cut to.' })),
  max_steps: nullable(
    semantic(Type.Integer({ minimum: 1, default: null, description: 'null = one epoch.', [FIELD_EXTENDS]: true })),
  ),
  save_every: runtime(Type.Integer({ minimum: 0, default: 20, description: 'Steps between checkpoints; 0 = none.' })),
});

export const slLoop = defineBuilder({
  slot: trainerSlot,
  name: 'sl_loop',
  version: 1,
  doc: 'The smallest supervised loop on the bare API (tinker_cookbook/recipes/sl_loop.py).',
  params,
  build: (config) => ({ train: (context) => main(config, context) }),
  headline: () => [{ metric: 'train_mean_nll', goal: 'minimize', label: 'nll' }],
  async check({ file_path }) {
    const { checkConversationFile } = await import('../supervised/check_rows.ts');
    return await checkConversationFile({ file_path, format: 'messages', columns: null }, null);
  },
});

async function main(config: (typeof params)['static'], context: TrainingContext): Promise<TrainingOutcome> {
  const { locateModel } = await import('../hub/locate.ts');
  const { loadTokenizer } = await import('../tokenizers/hf_tokenizer.ts');
  const { chatTemplateRenderer } = await import('../renderers/chat_template.ts');
  const { computeMeanNll, datumFromModelInputWeights } = await import('../supervised/common.ts');
  const { conversationReader } = await import('../supervised/data/formats.ts');
  const { readRows } = await import('../supervised/data/rows.ts');
  const { renderRow } = await import('../supervised/render_row.ts');
  const { modelInputFromTokens } = await import('../tinker/types.ts');
  const { Journal } = await import('../training/journal.ts');
  const { service, emit, seed, signal } = context;

  // The data: every conversation becomes tokens, and a weight of 1 on those that the assistant said.
  const { directory } = await locateModel(config.model_name);
  const renderer = chatTemplateRenderer(await loadTokenizer(directory), { currentDate: null });
  const warn = (message: string) => emit({ type: 'warning', message });
  const reader = conversationReader({ format: 'messages', columns: null });
  const rows = await readRows(config.file_path, { onBadRow: 'error', warn, signal }, (row, place) => {
    const conversation = reader.read(row, place);
    const { tokens, weights } = renderRow(conversation, { renderer, trainOnWhat: 'all_assistant_messages' });
    const example = modelInputFromTokens(tokens);
    return datumFromModelInputWeights(example, weights, { maxLength: config.max_length, reduction: 'mean' });
  });
  const data_D = rows.filter((datum) => datum !== null);
  const n_batches = Math.floor(data_D.length / config.batch_size);
  const total_steps = Math.min(n_batches, config.max_steps ?? n_batches);

  // A new adapter, or the one that an earlier process saved. The journal saves it, logs, stops, and goes on after a stop.
  const fresh = { base_model: config.model_name, rank: config.lora_rank, seed };
  const openClient = (state: string | null) =>
    state === null
      ? service.createLoraTrainingClient(fresh)
      : service.createTrainingClientFromStateWithOptimizer(state);
  const { save_every } = config;
  const journal = await Journal.open(context, openClient, { total_steps, save_every, loss: 'train_mean_nll' });

  for await (const step of journal.steps()) {
    const batch = data_D.slice(step * config.batch_size, (step + 1) * config.batch_size);
    const learning_rate = config.learning_rate * (1 - step / total_steps);
    const adam = { learning_rate, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0, grad_clip_norm: 0 };
    // Both requests are on their way before either is awaited.
    const forwardBackward = await journal.client.forwardBackward(batch, 'cross_entropy');
    const optimStep = await journal.client.optimStep(adam);
    const { loss_fn_outputs } = await forwardBackward.result();
    const optimized = await optimStep.result();

    const train_mean_nll = computeMeanNll(
      loss_fn_outputs.map(({ logprobs }) => logprobs.data),
      batch.map(({ loss_fn_inputs }) => loss_fn_inputs.weights.data),
    );
    const progress = (step + 1) / total_steps;
    await journal.log(step, { progress, learning_rate, train_mean_nll, ...optimized.metrics });
  }
  return await journal.finish();
}
