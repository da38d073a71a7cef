// Reinforcement learning: the model, its environments, evaluators and loss, and the loop of the mode that the spec asks for
// (tinker_cookbook/rl/train.py).

import type { Make } from '../registry/slot.ts';
import { maxContextLengthOf } from '../tinker/capabilities.ts';
import { buildEvaluators } from '../training/build_evaluators.ts';
import { evaluationBy } from '../training/evaluator.ts';
import { Journal } from '../training/journal.ts';
import { type OpenedModel, openModel } from '../training/open_model.ts';
import { otherModels } from '../training/other_models.ts';
import { type PastPolicies, pastPolicies } from '../training/past_policies.ts';
import { openReferenceModel } from '../training/reference_model.ts';
import type { EstimateContext, TrainingContext, TrainingOutcome } from '../training/types.ts';
import type { JsonValue } from '../util/json.ts';
import { type AdvantageSource, referencePenalty, rewardsAnd } from './advantage_source.ts';
import { trainAsync } from './async.ts';
import { checkConfig } from './check.ts';
import { checkedDatasets } from './checked_dataset.ts';
import type { LoopConfig, RLConfig } from './fields.ts';
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
import type { RLDataset, RLDatasetContext } from './types.ts';

/** What a policy learns from: environments, and what is made of what it does there. */
export interface Lessons {
  train: RLDataset;
  /** Held-out groups, or null. */
  test: RLDataset | null;
  advantages: AdvantageSource;
  /** Longest sequence of an episode, in tokens. */
  contextLength: number;
  /** Gives back what was opened for it. */
  close(): Promise<void>;
}

export type LessonMaterial = Required<Omit<RLDatasetContext, 'past'>> & { past?: PastPolicies };

export type PrepareLessons = (material: LessonMaterial) => Promise<Lessons>;

export async function trainRL(config: RLConfig, context: TrainingContext, make: Make): Promise<TrainingOutcome> {
  return await trainPolicy(config, context, make, async (material) => {
    const datasets = checkedDatasets(await make(config.dataset, material), config.dataset.builder);
    const { kl_penalty_coef: coef, kl_discount_factor: discount, kl_reference, advantage } = config;
    if (coef === 0 && kl_reference !== null) material.warn('kl_reference has no effect while kl_penalty_coef is 0');
    const reference = coef === 0 ? null : await openReferenceModel(kl_reference, config, context);
    return {
      ...datasets,
      advantages: rewardsAnd(advantage, reference && referencePenalty(reference, { coef, discount })),
      contextLength: material.maxContextLength,
      close: async () => {
        await reference?.close();
        await datasets.close();
      },
    };
  });
}

/** Trains a policy by the loop of the mode that the spec asks for. */
export async function trainPolicy(
  config: LoopConfig,
  context: TrainingContext,
  make: Make,
  prepare: PrepareLessons,
): Promise<TrainingOutcome> {
  const { opened, material } = await openMaterial(config, context, make);
  const lessons = await prepare(material);
  try {
    return await trainOn(lessons, config, { context, make, opened, warn: material.warn });
  } finally {
    await lessons.close();
  }
}

/** The model, and what environments are built from. */
export async function openMaterial(config: LoopConfig, context: EstimateContext, make: Make) {
  const { service, seed, emit, signal } = context;
  const notify = (message: string) => emit({ type: 'notice', message });
  const warn = (message: string) => emit({ type: 'warning', message });
  const opened = await openModel(config, context, make);
  const { tokenizer, renderer } = opened;
  // Services score a sequence with room for a token behind it.
  const isScored = config.kl_penalty_coef > 0 || config.compute_post_kl;
  const maxContextLength = (await maxContextLengthOf(service, config.model_name)) - (isScored ? 1 : 0);
  const maxTokens = config.max_tokens;
  const models = otherModels(context, notify);
  const past = config.save_every > 0 ? { past: pastOf(context, config.save_every) } : {};
  const material = { tokenizer, renderer, maxContextLength, maxTokens, seed, models, ...past, warn, notify, signal };
  return { opened, material };
}

function pastOf({ checkpoints, service }: EstimateContext, save_every: number): PastPolicies {
  const openSampler = (model_path: string) => service.createSamplingClient({ model_path });
  return pastPolicies({ records: () => checkpoints.list(), openSampler, save_every });
}

interface Opened {
  context: TrainingContext;
  make: Make;
  opened: OpenedModel;
  warn(message: string): void;
}

async function trainOn(
  { train: dataset, test, advantages, contextLength }: Lessons,
  config: LoopConfig,
  { context, make, opened, warn }: Opened,
): Promise<TrainingOutcome> {
  const { tokenizer, renderer, rendererRef, openClient } = opened;
  const { seed, emit, signal } = context;
  checkConfig(config, dataset, warn);
  const strategy = await make(config.rollout_error_tolerance, {});
  const loss = policyLoss(config.loss_fn, config.loss_fn_config);
  const transcripts = createTranscripts({ ...config, logPath: context.logPath, tokenizer, emit });
  const ofTest =
    test === null ? [] : [rlTestSetEvaluator(test, { config, strategy, contextLength, transcripts, seed, warn })];
  const measured = { tokenizer, renderer, test: null, own: ofTest };
  const { evaluators, infrequentEvaluators } = await buildEvaluators(config, measured, context, make);
  const totalSteps = totalStepsOf(config, dataset);
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
      evaluationBy(infrequentEvaluators, { name: 'infrequent_evals', every: config.infrequent_eval_every }, context),
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
    advantages,
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
function plannedSteps({ num_epochs, async_config }: LoopConfig, dataset: RLDataset): number {
  if (async_config === null) return dataset.length * num_epochs;
  const groups = Array.from({ length: dataset.length }, (_, index) => dataset.getBatch(index).length);
  const inEpoch = groups.reduce((sum, count) => sum + count, 0);
  return Math.ceil((inEpoch * num_epochs) / async_config.groups_per_batch);
}

export function totalStepsOf(config: LoopConfig, dataset: RLDataset): number {
  return Math.min(plannedSteps(config, dataset), config.max_steps ?? Number.POSITIVE_INFINITY);
}
