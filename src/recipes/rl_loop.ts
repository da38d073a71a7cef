// Reinforcement learning with no abstractions: one loop on the bare Tinker API, to read from top to bottom and to start your
// own from. src/rl/ does the same with environments, losses, modes and evaluators to choose from.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../registry/builder.ts';
import { contents, FIELD_EXTENDS, runtime, semantic } from '../registry/fields.ts';
import type { Datum } from '../tinker/types.ts';
import { type Metrics, type TrainingContext, type TrainingOutcome, trainerSlot } from '../training/types.ts';

const whole = (description: string, value: number) =>
  semantic(Type.Integer({ minimum: 1, default: value, description }));

const params = Type.Object({
  model_name: contents(Type.String({ description: 'The base model: a directory, a GGUF file or a name on the hub.' })),
  batch_size: whole('Sums in a step.', 32),
  group_size: whole('Answers to each sum.', 8),
  max_operand: whole('Largest number to add.', 30),
  max_tokens: whole('Longest answer, in tokens.', 8),
  learning_rate: semantic(Type.Number({ minimum: 0, default: 2e-3, description: 'The same in all steps.' })),
  lora_rank: whole('Rank of the adapter.', 32),
  n_batches: semantic(Type.Integer({ minimum: 1, default: 60, description: 'Steps.', [FIELD_EXTENDS]: true })),
  save_every: runtime(Type.Integer({ minimum: 0, default: 20, description: 'Steps between checkpoints; 0 = none.' })),
});

export const rlLoop = defineBuilder({
  slot: trainerSlot,
  name: 'rl_loop',
  version: 1,
  doc: 'The smallest loop of reinforcement learning on the bare API, with sums (tinker_cookbook/recipes/rl_loop.py).',
  params,
  build: (config) => ({ train: (context) => main(config, context) }),
  headline: () => [{ metric: 'reward/total', goal: 'maximize', label: 'reward' }],
});

async function main(config: (typeof params)['static'], context: TrainingContext): Promise<TrainingOutcome> {
  const { locateModel } = await import('../hub/locate.ts');
  const { loadTokenizer } = await import('../tokenizers/hf_tokenizer.ts');
  const { chatTemplateRenderer } = await import('../renderers/chat_template.ts');
  const { tokensOf, modelInputFromTokens } = await import('../tinker/types.ts');
  const { visibleText } = await import('../completers/completers.ts');
  const { nextUniform, randomFor, seedFor } = await import('../util/random.ts');
  const { Journal } = await import('../training/journal.ts');
  const { IterationTimer } = await import('../training/trace.ts');
  const { service, seed } = context;

  const { directory } = await locateModel(config.model_name);
  const renderer = chatTemplateRenderer(await loadTokenizer(directory), { currentDate: null });
  const stop = renderer.getStopSequences();

  // A new adapter, or the one that an earlier process saved. The journal saves it, logs, stops, and goes on after a stop.
  const fresh = { base_model: config.model_name, rank: config.lora_rank, seed };
  const openClient = (state: string | null) =>
    state === null
      ? service.createLoraTrainingClient(fresh)
      : service.createTrainingClientFromStateWithOptimizer(state);
  const { n_batches: total_steps, save_every } = config;
  const journal = await Journal.open(context, openClient, { total_steps, save_every, loss: 'loss:sum' });

  for await (const step of journal.steps()) {
    const timer = new IterationTimer();
    const random = randomFor(seed, 'sums', step);
    const operand = () => Math.floor(nextUniform(random) * (config.max_operand + 1));
    const sampler = await journal.client.saveWeightsAndGetSamplingClient();

    // One group a sum: the same question, several answers. All groups are sampled at once.
    const sampling_P = Array.from({ length: config.batch_size }, (_, p) => {
      const [a, b] = [operand(), operand()];
      const prompt = renderer.buildGenerationPrompt([{ role: 'user', content: `What is ${a} + ${b}?` }]);
      const params = { max_tokens: config.max_tokens, temperature: 1, stop, seed: seedFor(seed, 'sample', step, p) };
      return sampler
        .sample(prompt, config.group_size, params)
        .then(({ sequences }) => ({ prompt, sequences, sum: a + b }));
    });

    const data_D: Datum[] = [];
    const rewards: number[] = [];
    for (const { prompt, sequences, sum } of await journal.stoppable(() => Promise.all(sampling_P))) {
      // 1 for an answer whose last number is the sum, else 0; the advantage is what that is above the mean of the group.
      const rewards_G = sequences.map(({ tokens }) => {
        const { message } = renderer.parseResponse(tokens);
        return visibleText(message).match(/\d+/g)?.at(-1) === String(sum) ? 1 : 0;
      });
      rewards.push(...rewards_G);
      const mean = rewards_G.reduce((total: number, reward) => total + reward, 0) / rewards_G.length;
      if (rewards_G.every((reward) => reward === mean)) continue;

      for (const [g, { tokens, logprobs }] of sequences.entries()) {
        // Every position predicts the next: those of the prompt but its last have advantage 0, and so do not count.
        const whole = [...tokensOf(prompt), ...tokens];
        const unsampled = new Array<number>(whole.length - tokens.length - 1).fill(0);
        const shape = [whole.length - 1];
        const advantages = [...unsampled, ...tokens.map(() => rewards_G[g] - mean)];
        data_D.push({
          model_input: modelInputFromTokens(whole.slice(0, -1)),
          loss_fn_inputs: {
            target_tokens: { data: whole.slice(1), dtype: 'int64', shape },
            logprobs: { data: [...unsampled, ...logprobs], dtype: 'float32', shape },
            advantages: { data: advantages, dtype: 'float32', shape },
          },
        });
      }
    }
    await sampler.close();

    // Both requests are on their way before either is awaited. A batch that has nothing to learn is no step.
    const { learning_rate } = config;
    const adam = { learning_rate, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0, grad_clip_norm: 0 };
    const learned: Metrics = {};
    if (data_D.length > 0) {
      const forwardBackward = await journal.client.forwardBackward(data_D, 'importance_sampling');
      const optimStep = await journal.client.optimStep(adam);
      Object.assign(learned, (await forwardBackward.result()).metrics, (await optimStep.result()).metrics);
    }
    const reward = rewards.reduce((total, each) => total + each, 0) / rewards.length;
    const progress = {
      'progress/batch': step,
      'progress/done_frac': (step + 1) / total_steps,
      'optim/lr': learning_rate,
    };
    await journal.log(step, { ...progress, 'reward/total': reward, ...learned }, timer);
  }
  return await journal.finish();
}
