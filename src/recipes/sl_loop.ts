// Supervised learning with no abstractions: one loop on the bare Tinker API, to read from top to bottom and to start your
// own from. src/supervised/train.ts does the same with datasets, evaluators and schedules to choose from.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../registry/builder.ts';
import { contents, nullable, runtime, semantic } from '../registry/fields.ts';
import { type TrainingContext, type TrainingOutcome, trainerSlot } from '../training/types.ts';

const params = Type.Object({
  model_name: contents(Type.String({ description: 'The base model: a directory, a GGUF file or a name on the hub.' })),
  file_path: contents(Type.String({ format: 'path', description: 'Conversations, one {"messages": […]} a line.' })),
  batch_size: semantic(Type.Integer({ minimum: 1, default: 16, description: 'Conversations in a step.' })),
  learning_rate: semantic(Type.Number({ minimum: 0, default: 1e-3, description: 'Falls linearly to 0.' })),
  lora_rank: semantic(Type.Integer({ minimum: 1, default: 32, description: 'Rank of the adapter.' })),
  max_length: semantic(Type.Integer({ minimum: 2, default: 512, description: 'Tokens a conversation is cut to.' })),
  max_steps: nullable(semantic(Type.Integer({ minimum: 1, default: null, description: 'null = one epoch.' }))),
  save_every: runtime(Type.Integer({ minimum: 0, default: 20, description: 'Steps between checkpoints; 0 = none.' })),
});

export const slLoop = defineBuilder({
  slot: trainerSlot,
  name: 'sl_loop',
  version: 1,
  doc: 'The smallest supervised loop on the bare API (tinker_cookbook/recipes/sl_loop.py).',
  params,
  build: (config) => ({ train: (context) => main(config, context) }),
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
  const { service, metrics, checkpoints, emit, signal, seed } = context;

  // The data: every conversation becomes tokens, and a weight of 1 on those that the assistant said.
  const { directory } = await locateModel(config.model_name);
  const renderer = chatTemplateRenderer(await loadTokenizer(directory), { currentDate: null });
  const warn = (message: string) => emit({ type: 'warning', message });
  const reader = conversationReader({ format: 'messages', columns: null });
  const rows = await readRows(config.file_path, { onBadRow: 'error', warn }, (row, place) => {
    const conversation = reader.read(row, place);
    const { tokens, weights } = renderRow(conversation, { renderer, trainOnWhat: 'all_assistant_messages' });
    const example = modelInputFromTokens(tokens);
    return datumFromModelInputWeights(example, weights, { maxLength: config.max_length, reduction: 'mean' });
  });
  const data_D = rows.filter((datum) => datum !== null);
  const n_batches = Math.floor(data_D.length / config.batch_size);
  const total_steps = Math.min(n_batches, config.max_steps ?? n_batches);

  // A new adapter, or the one that an earlier process saved.
  const resumed = (await checkpoints.list()).at(-1);
  const client =
    resumed?.state_path === undefined
      ? await service.createLoraTrainingClient({ base_model: config.model_name, rank: config.lora_rank, seed })
      : await service.createTrainingClientFromStateWithOptimizer(resumed.state_path);
  const start = resumed?.batch ?? 0;
  await metrics.rewind(start);
  emit({ type: 'started', total_steps, resumed_from: resumed === undefined ? null : start });

  const save = async (name: string, batch: number, final: boolean): Promise<string> => {
    const state = await client.saveState(name);
    const weights = await client.saveWeightsForSampler(name);
    const [{ path: state_path }, { path: sampler_path }] = [await state.result(), await weights.result()];
    await checkpoints.append({ name, batch, epoch: 0, final, state_path, sampler_path });
    return sampler_path;
  };

  const learned = { metric: 'train_mean_nll', before: Number.NaN, after: Number.NaN };
  for (let step = start; step < total_steps; step++) {
    const due = config.save_every > 0 && step > start && step % config.save_every === 0;
    if (due || signal.aborted) await save(String(step).padStart(6, '0'), step, false);
    if (signal.aborted) return { state: 'interrupted', step, learned: [], sampler_path: null };

    const batch = data_D.slice(step * config.batch_size, (step + 1) * config.batch_size);
    const learning_rate = config.learning_rate * (1 - step / total_steps);
    const adam = { learning_rate, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0, grad_clip_norm: 0 };
    // Both requests are on their way before either is awaited.
    const forwardBackward = await client.forwardBackward(batch, 'cross_entropy');
    const optimStep = await client.optimStep(adam);
    const { loss_fn_outputs } = await forwardBackward.result();
    const optimized = await optimStep.result();

    const train_mean_nll = computeMeanNll(
      loss_fn_outputs.map(({ logprobs }) => logprobs.data),
      batch.map(({ loss_fn_inputs }) => loss_fn_inputs.weights.data),
    );
    const row = { progress: (step + 1) / total_steps, learning_rate, train_mean_nll, ...optimized.metrics };
    await metrics.append(step, row);
    emit({ type: 'step', step, total_steps, metrics: row });
    if (!Number.isFinite(train_mean_nll)) return { state: 'diverged', step: step + 1, learned: [], sampler_path: null };
    if (Number.isNaN(learned.before)) learned.before = train_mean_nll;
    learned.after = train_mean_nll;
  }
  const sampler_path = await save('final', total_steps, true);
  return { state: 'done', step: total_steps, learned: [learned], sampler_path };
}
