// Learning from comparisons: a batch of pairs, their log-probs under the reference, and a step on the loss of both
// (tinker_cookbook/preference/train_dpo.py, whose reference moves when a run is resumed; ours does not).

import type { BuilderRef, Make } from '../registry/slot.ts';
import { maxContextLengthOf } from '../tinker/capabilities.ts';
import type { TrainingClient } from '../tinker/clients.ts';
import { type AdamParams, lengthOf } from '../tinker/types.ts';
import { adamAt } from '../training/adam.ts';
import { evaluationBy, type evaluatorSlot } from '../training/evaluator.ts';
import { Journal } from '../training/journal.ts';
import { openModel } from '../training/open_model.ts';
import { openReferenceModel } from '../training/reference_model.ts';
import { IterationTimer } from '../training/trace.ts';
import type { Metrics, TrainingContext, TrainingOutcome } from '../training/types.ts';
import { canonicalJson } from '../util/json.ts';
import { type DpoConfig, lossChoice } from './fields.ts';
import { heldOutEvaluator } from './held_out.ts';
import { chosenLoss } from './losses/preference_loss.ts';
import { datumsOf, type Objective, orientedLoss, scoresOf, tokenGrads } from './pair_loss.ts';
import { preferenceMetrics } from './pair_metrics.ts';
import { NO_REFERENCE, ReferenceLogprobs } from './reference.ts';
import type { PreferenceDataset, PreferencePair } from './types.ts';

export async function trainDpo(config: DpoConfig, context: TrainingContext, make: Make): Promise<TrainingOutcome> {
  const { service, seed, emit, signal } = context;
  const notify = (message: string) => emit({ type: 'notice', message });
  const warn = (message: string) => emit({ type: 'warning', message });
  const { tokenizer, renderer, rendererRef, openClient } = await openModel(config, context, make);
  const maxContextLength = await maxContextLengthOf(service, config.model_name);
  const material = { tokenizer, renderer, maxContextLength, seed, warn, notify, signal };
  const { train, test, unpaired = false } = await make(config.dataset, material);
  const loss = chosenLoss(lossChoice(config));
  if (unpaired) loss.requireUnpaired();
  const reference = loss.reference ? await openReference(config, context) : NO_REFERENCE;
  try {
    const objective = { loss, reference };
    const measured = { tokenizer, renderer, test: null, seed, warn };
    const build = (refs: BuilderRef<typeof evaluatorSlot>[]) => Promise.all(refs.map((ref) => make(ref, measured)));
    const heldOut = test === null ? [] : [heldOutEvaluator(test, objective)];
    const evaluators = [...heldOut, ...(await build(config.evaluators))];
    const infrequent = await build(config.infrequent_evaluators);
    const total_steps = Math.min(train.length * config.num_epochs, config.max_steps ?? Number.POSITIVE_INFINITY);
    const journal = await Journal.open(context, openClient, {
      ...config,
      total_steps,
      steps_per_epoch: train.length,
      renderer: rendererRef,
      loss: 'dpo_loss',
      progress: (_, progress) => ({ progress }),
      evaluations: [
        evaluationBy(evaluators, { name: 'evals', every: config.eval_every }, context),
        evaluationBy(infrequent, { name: 'infrequent_evals', every: config.infrequent_eval_every }, context),
      ],
    });
    await takeSteps(journal, train, { config, objective, totalSteps: total_steps, signal });
    return await journal.finish();
  } finally {
    await reference.close();
  }
}

async function openReference(config: DpoConfig, context: TrainingContext): Promise<ReferenceLogprobs> {
  const { model_name, load_checkpoint_path = null, reference_model = null, service = null } = context.identity;
  const what = { model_name, weights: reference_model ?? load_checkpoint_path, service };
  return await ReferenceLogprobs.open({
    logPath: context.logPath,
    identity: canonicalJson(what),
    open: () => openReferenceModel(config.reference_model, config, context),
    shared: context.sharedLines('reference_logprobs', what),
    warn: (message) => context.emit({ type: 'warning', message }),
  });
}

interface LoopParts {
  config: DpoConfig;
  objective: Objective;
  totalSteps: number;
  signal: AbortSignal;
}

/** Batches in order, each measured before it is trained on. */
async function takeSteps(
  journal: Journal<TrainingClient>,
  train: PreferenceDataset,
  { config, objective, totalSteps, signal }: LoopParts,
): Promise<void> {
  let shuffled = -1;
  for await (const step of journal.steps()) {
    const timer = new IterationTimer();
    const epoch = Math.floor(step / train.length);
    if (epoch !== shuffled) train.setEpoch(epoch);
    shuffled = epoch;
    const pairs_P = await timer.timed('get_batch', () => train.getBatch(step % train.length));
    const evaluated = await journal.evaluate(step, timer);
    const adam = adamAt(config, step, totalSteps);
    const trained = await trainOn(pairs_P, { journal, objective, adam, timer, signal });
    const row = { epoch, learning_rate: adam.learning_rate, ...trained, ...evaluated };
    await journal.log(step, row, timer);
  }
}

interface StepParts {
  journal: Journal<TrainingClient>;
  objective: Objective;
  adam: AdamParams;
  timer: IterationTimer;
  signal: AbortSignal;
}

/** One step on a batch: the reference's log-probs, the loss of both with its gradient, and the optimizer. */
async function trainOn(
  pairs_P: readonly PreferencePair[],
  { journal, objective: { loss, reference }, adam, timer, signal }: StepParts,
): Promise<Metrics> {
  const { client } = journal;
  const reference_P = await journal.stoppable(() => timer.timed('reference', () => reference.of(pairs_P, signal)));
  const ties_P = pairs_P.map(({ tie }) => tie);
  const data_D = datumsOf(pairs_P);
  let measured: Metrics = {};
  const lossOf = (_: unknown, logprobs_D_T: readonly ArrayLike<number>[]) => {
    const scores = scoresOf(pairs_P, logprobs_D_T, reference_P);
    const { loss: value, grads } = orientedLoss(scores, ties_P, loss);
    measured = { dpo_loss: value, ...preferenceMetrics(scores, ties_P, loss) };
    return { loss: value, grads_D_T: tokenGrads(pairs_P, grads) };
  };
  const forwardBackward = await timer.timed('forward_backward', () =>
    client.forwardBackwardCustom(data_D, lossOf, { logprobs: 'trained' }),
  );
  const optimStep = await client.optimStep(adam);
  const optimizer = await timer.timed('train', async () => {
    await forwardBackward.result();
    return (await optimStep.result()).metrics;
  });
  const num_tokens = data_D.reduce((sum, { model_input }) => sum + lengthOf(model_input), 0);
  return { num_pairs: pairs_P.length, num_tokens, ...measured, ...optimizer };
}
