// Reinforcement learning: the model, its environments, evaluators and loss, and the loop of the mode that the spec asks for
// (tinker_cookbook/rl/train.py).

import type { Make } from '../registry/slot.ts';
import { maxContextLengthOf } from '../tinker/capabilities.ts';
import type { SamplingClient } from '../tinker/clients.ts';
import { evaluationBy } from '../training/evaluator.ts';
import { Journal } from '../training/journal.ts';
import { openModel } from '../training/open_model.ts';
import type { TrainingContext, TrainingOutcome } from '../training/types.ts';
import { withoutMask } from './datums.ts';
import type { RLConfig } from './fields.ts';
import { RolloutErrorCounter } from './rollout_errors.ts';
import type { RLRun } from './run.ts';
import { trainSync } from './sync.ts';
import { rlTestSetEvaluator } from './test_set.ts';
import { restoredTotals, UsageTracker } from './token_usage.ts';
import { createTranscripts } from './transcripts.ts';
import type { PolicyLoss } from './update.ts';

export async function trainRL(config: RLConfig, context: TrainingContext, make: Make): Promise<TrainingOutcome> {
  const { service, seed, emit, signal } = context;
  const notify = (message: string) => emit({ type: 'notice', message });
  const warn = (message: string) => emit({ type: 'warning', message });
  const { tokenizer, renderer, rendererRef, openClient } = await openModel(config, context, make);
  const contextLength = await maxContextLengthOf(service, config.model_name);
  const material = {
    tokenizer,
    renderer,
    maxContextLength: contextLength,
    maxTokens: config.max_tokens,
    seed,
    warn,
    notify,
    signal,
  };
  const { train: dataset, test } = await make(config.dataset, material);
  const strategy = await make(config.rollout_error_tolerance, {});
  const loss: PolicyLoss = {
    submit: (client, data_D) => client.forwardBackward(data_D.map(withoutMask), 'importance_sampling'),
  };
  const transcripts = createTranscripts({ ...config, logPath: context.logPath, tokenizer, emit });
  const parts = { config, strategy, contextLength, transcripts, seed, warn };
  const measured = { tokenizer, renderer, test: null, seed };
  const evaluators = [
    ...(test === null ? [] : [rlTestSetEvaluator(test, parts)]),
    ...(await Promise.all(config.evaluators.map((ref) => make(ref, measured)))),
  ];
  const infrequent = await Promise.all(config.infrequent_evaluators.map((ref) => make(ref, measured)));
  const totalSteps = Math.min(dataset.length * config.num_epochs, config.max_steps ?? Number.POSITIVE_INFINITY);
  const state = () => ({ usage: run.usage.totals, rollout_errors: run.errors.state });
  const journal = await Journal.open(context, openClient, {
    ...config,
    total_steps: totalSteps,
    steps_per_epoch: dataset.length,
    renderer: rendererRef,
    loss: 'loss:sum',
    evaluations: [
      evaluationBy(evaluators, { name: 'evals', every: config.eval_every }, context),
      evaluationBy(infrequent, { name: 'infrequent_evals', every: config.infrequent_eval_every }, context),
    ],
    state,
  });
  const run: RLRun = {
    config,
    context,
    journal,
    dataset,
    strategy,
    loss,
    reference: await referencePolicy(config, context),
    contextLength,
    usage: new UsageTracker(config.token_prices, restoredTotals(journal.restored.usage)),
    errors: new RolloutErrorCounter(warn, journal.restored.rollout_errors),
    transcripts,
    totalSteps,
  };
  return await trainSync(run);
}

/** What kl_penalty_coef holds the policy to: what it names, or the policy that training started from. */
async function referencePolicy(
  { kl_penalty_coef, kl_reference, load_checkpoint_path, model_name }: RLConfig,
  { service, resolveWeights }: TrainingContext,
): Promise<SamplingClient | null> {
  if (kl_penalty_coef === 0) return null;
  const ref = kl_reference ?? load_checkpoint_path;
  if (ref === null) return await service.createSamplingClient({ base_model: model_name });
  const { model_path, base_model } = await resolveWeights(ref);
  return await service.createSamplingClient(model_path === undefined ? { base_model } : { model_path });
}
