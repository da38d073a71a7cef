// Learning from comparisons: a batch of pairs, their log-probs under the reference, and a step on the loss of both
// (tinker_cookbook/preference/train_dpo.py, whose reference moves when a run is resumed; ours does not).

import type { Make } from '../registry/slot.ts';
import { colorizeExample } from '../supervised/colorize.ts';
import { type BatchLoss, trainOnBatches } from '../supervised/loop.ts';
import { maxContextLengthOf } from '../tinker/capabilities.ts';
import { type Datum, positionsOf } from '../tinker/types.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { buildEvaluators } from '../training/build_evaluators.ts';
import { openModel } from '../training/open_model.ts';
import { openReferenceModel } from '../training/reference_model.ts';
import type { EstimateContext, Metrics, TrainingContext, TrainingOutcome } from '../training/types.ts';
import { DataValidationError } from '../util/errors.ts';
import { canonicalJson } from '../util/json.ts';
import { oneLabelProblem } from './data/one_label.ts';
import { type DpoConfig, lossChoice } from './fields.ts';
import { heldOutEvaluator } from './held_out.ts';
import { chosenLoss } from './losses/preference_loss.ts';
import { datumsOf, type Objective, orientedLoss, scoresOf, tokenGrads } from './pair_loss.ts';
import { preferenceMetrics } from './pair_metrics.ts';
import { NO_REFERENCE, ReferenceLogprobs } from './reference/reference.ts';
import type { PreferenceDataset, PreferencePair } from './types.ts';

export async function trainDpo(config: DpoConfig, context: TrainingContext, make: Make): Promise<TrainingOutcome> {
  const { signal } = context;
  const { tokenizer, renderer, rendererRef, openClient, train, test, loss } = await openPairs(config, context, make);
  await showFirstPair(train, tokenizer, context);
  const reference = loss.reference ? await openReference(config, context) : NO_REFERENCE;
  try {
    const objective = { loss, reference };
    const own = test === null ? [] : [heldOutEvaluator(test, objective)];
    const evaluators = await buildEvaluators(config, { tokenizer, renderer, test: null, own }, context, make);
    const parts = { openClient, train, loss: preferenceLoss(objective, signal), renderer: rendererRef };
    return await trainOnBatches(config, { ...parts, ...evaluators }, context);
  } finally {
    await reference.close();
  }
}

/** What is trained on, the loss of it, and the model that reads it. */
export async function openPairs(config: DpoConfig, context: EstimateContext, make: Make) {
  const { service, seed, emit, signal } = context;
  const notify = (message: string) => emit({ type: 'notice', message });
  const warn = (message: string) => emit({ type: 'warning', message });
  const opened = await openModel(config, context, make);
  const { tokenizer, renderer } = opened;
  const maxContextLength = await maxContextLengthOf(service, config.model_name);
  const material = { tokenizer, renderer, maxContextLength, seed, warn, notify, signal };
  const { train, test, unpaired = null } = await make(config.dataset, material);
  const loss = chosenLoss(lossChoice(config));
  if (unpaired !== null) {
    loss.requireUnpaired();
    const problem = oneLabelProblem(unpaired.file, unpaired.onlyLabel, lossChoice(config).loss_weights);
    if (problem !== null) throw new DataValidationError(problem.message, { hint: problem.hint });
  }
  return { ...opened, train, test, loss };
}

/** What the loss sees: worth a look before hours of training. */
async function showFirstPair(train: PreferenceDataset, tokenizer: Tokenizer, { emit }: TrainingContext): Promise<void> {
  train.setEpoch(0);
  const [first] = await train.getBatch(0);
  if (first === undefined) return;
  const { chosen, rejected, tie } = first;
  const names = tie
    ? { chosen: 'one of a tie', rejected: 'the other of the tie' }
    : { chosen: 'chosen', rejected: 'rejected' };
  const show = (datum: Datum | null, name: string) =>
    datum === null ? [] : [`${name}:`, colorizeExample(datum, tokenizer)];
  const text = [...show(chosen, names.chosen), ...show(rejected, names.rejected)].join('\n');
  emit({ type: 'text', title: 'first example', text });
}

async function openReference(config: DpoConfig, context: TrainingContext): Promise<ReferenceLogprobs> {
  const { model_name, load_checkpoint_path = null, reference_model = null, service = null } = context.identity;
  const what = { model_name, weights: reference_model ?? load_checkpoint_path, service };
  return await ReferenceLogprobs.open({
    logPath: context.logPath,
    lost: context.lost,
    identity: canonicalJson(what),
    open: () => openReferenceModel(config.reference_model, config, context),
    shared: context.sharedLines('reference_logprobs', what),
    warn: (message) => context.emit({ type: 'warning', message }),
  });
}

/** The reference's log-probs of a batch, and the loss of both with its gradient. */
function preferenceLoss({ loss, reference }: Objective, signal: AbortSignal): BatchLoss<PreferencePair> {
  return {
    metric: 'dpo_loss',
    async submit(pairs_P, { journal, timer }) {
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
        journal.client.forwardBackwardCustom(data_D, lossOf, { logprobs: 'trained' }),
      );
      const num_tokens = positionsOf(data_D);
      return async () => {
        await timer.timed('train', () => forwardBackward.result());
        return { num_pairs: pairs_P.length, num_tokens, ...measured };
      };
    },
  };
}
