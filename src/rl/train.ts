// Reinforcement learning: the model, its environments, evaluators and loss, and the loop of the mode that the spec asks for
// (tinker_cookbook/rl/train.py).

import type { Make } from '../registry/slot.ts';
import { maxContextLengthOf, requireLoss } from '../tinker/capabilities.ts';
import { evaluationBy } from '../training/evaluator.ts';
import { Journal } from '../training/journal.ts';
import { openModel } from '../training/open_model.ts';
import { otherModels } from '../training/other_models.ts';
import { openReferenceModel } from '../training/reference_model.ts';
import type { TrainingContext, TrainingOutcome } from '../training/types.ts';
import type { JsonValue } from '../util/json.ts';
import { trainAsync } from './async.ts';
import { checkConfig } from './check.ts';
import { checkedDatasets } from './checked_dataset.ts';
import type { RLConfig } from './fields.ts';
import { HeldSignal } from './held_signal.ts';
import { policyLoss } from './losses/policy_loss.ts';
import { RolloutErrorCounter } from './rollout_errors.ts';
import type { RLRun } from './run.ts';
import { judgeSteps } from './skipped_steps.ts';
import { trainStream } from './stream.ts';
import { trainSync } from './sync.ts';
import { rlTestSetEvaluator } from './test_set.ts';
import { restoredTotals, UsageTracker } from './token_usage.ts';
import { createTranscripts } from './transcripts.ts';
import type { RLDataset } from './types.ts';

export async function trainRL(config: RLConfig, context: TrainingContext, make: Make): Promise<TrainingOutcome> {
  const { service, seed, emit, signal } = context;
  const notify = (message: string) => emit({ type: 'notice', message });
  const warn = (message: string) => emit({ type: 'warning', message });
  requireLoss(service, config.loss_fn);
  const { tokenizer, renderer, rendererRef, openClient } = await openModel(config, context, make);
  const contextLength = await maxContextLengthOf(service, config.model_name);
  const models = otherModels(context, notify);
  const material = {
    tokenizer,
    renderer,
    maxContextLength: contextLength,
    maxTokens: config.max_tokens,
    seed,
    models,
    warn,
    notify,
    signal,
  };
  const { train: dataset, test } = checkedDatasets(await make(config.dataset, material), config.dataset.builder);
  checkConfig(config, dataset, warn);
  const strategy = await make(config.rollout_error_tolerance, {});
  const loss = policyLoss(config.loss_fn, config.loss_fn_config);
  const transcripts = createTranscripts({ ...config, logPath: context.logPath, tokenizer, emit });
  const parts = { config, strategy, contextLength, transcripts, seed, warn };
  const measured = { tokenizer, renderer, test: null, seed, models, warn, notify, signal };
  const ofTest = test === null ? [] : [rlTestSetEvaluator(test, parts)];
  const evaluators = [...ofTest, ...(await Promise.all(config.evaluators.map((ref) => make(ref, measured))))];
  const infrequent = await Promise.all(config.infrequent_evaluators.map((ref) => make(ref, measured)));
  const totalSteps = Math.min(plannedSteps(config, dataset), config.max_steps ?? Number.POSITIVE_INFINITY);
  const checkpointed = new Map<string, () => JsonValue>();
  const journal = await Journal.open(context, openClient, {
    ...config,
    total_steps: totalSteps,
    steps_per_epoch: dataset.length,
    renderer: rendererRef,
    loss: 'loss:sum',
    judge: (rows) => judgeSteps(rows, config),
    progress: (step, share) => ({ 'progress/batch': step, 'progress/done_frac': share }),
    evaluations: [
      evaluationBy(evaluators, { name: 'evals', every: config.eval_every }, context),
      evaluationBy(infrequent, { name: 'infrequent_evals', every: config.infrequent_eval_every }, context),
    ],
    state: () => Object.fromEntries([...checkpointed].map(([name, value]) => [name, value()])),
  });
  const usage = new UsageTracker(config.token_prices, restoredTotals(journal.restored.usage));
  const errors = new RolloutErrorCounter(warn, journal.restored.rollout_errors);
  checkpointed.set('usage', () => usage.totals);
  checkpointed.set('rollout_errors', () => errors.state);
  const run: RLRun = {
    config,
    context,
    journal,
    dataset,
    strategy,
    loss,
    reference: config.kl_penalty_coef === 0 ? null : await openReferenceModel(config.kl_reference, config, context),
    contextLength,
    usage,
    errors,
    transcripts,
    totalSteps,
    checkpointed,
    stop: new HeldSignal(signal),
  };
  return await trainInItsMode(run);
}

async function trainInItsMode(run: RLRun): Promise<TrainingOutcome> {
  const { async_config, stream_minibatch_config } = run.config;
  if (async_config !== null) return await trainAsync(run, async_config);
  if (stream_minibatch_config !== null) return await trainStream(run, stream_minibatch_config);
  return await trainSync(run);
}

/** Steps of the whole dataset: its batches, or what the asynchronous mode makes of their groups. */
function plannedSteps({ num_epochs, async_config }: RLConfig, dataset: RLDataset): number {
  if (async_config === null) return dataset.length * num_epochs;
  const groups = Array.from({ length: dataset.length }, (_, index) => dataset.getBatch(index).length);
  const inEpoch = groups.reduce((sum, count) => sum + count, 0);
  return Math.ceil((inEpoch * num_epochs) / async_config.groups_per_batch);
}
