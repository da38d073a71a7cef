// The loop of training on a dataset: batches in order, each a forward-backward and an optimizer step, with a few submitted
// ahead (tinker_cookbook/supervised/train.py; its defects in checkpoints and resuming are not ours).

import type { PlainRef } from '../registry/slot.ts';
import type { TrainingClient } from '../tinker/clients.ts';
import { type Datum, type ForwardBackwardOutput, positionsOf } from '../tinker/types.ts';
import type { Tokenizer } from '../tokenizers/types.ts';
import { adamAt } from '../training/adam.ts';
import { type Evaluator, evaluationBy } from '../training/evaluator.ts';
import { Journal, type JournalOptions } from '../training/journal.ts';
import { IterationTimer } from '../training/trace.ts';
import type { Metrics, TrainingContext, TrainingOutcome } from '../training/types.ts';
import type { JsonObject } from '../util/json.ts';
import { batchesOf, totalStepsOf } from './batches.ts';
import { computeBpb, computeMeanNll } from './common.ts';
import type { LoopConfig } from './fields.ts';
import type { BatchedDataset } from './types.ts';

export interface Submission {
  journal: Journal<TrainingClient>;
  step: number;
  timer: IterationTimer;
}

/** A batch of which nothing can be learned: the optimizer makes no step, and this is logged of it. */
interface NothingLearned {
  skipped: Metrics;
}

/** Submits the gradient of a batch. What it resolves to waits for the result, and says what is logged of it. */
type SubmitBatch<T> = (batch: T[], submission: Submission) => Promise<(() => Promise<Metrics>) | NothingLearned>;

/** What a loss is called in the rows, and how a batch is learned by it. */
export interface BatchLoss<T> {
  /** The metric that must stay finite. */
  metric: string;
  submit: SubmitBatch<T>;
}

export interface LoopParts<T> extends Pick<JournalOptions<TrainingClient>, 'state'> {
  /** A client to start with, or one that continues from a state. */
  openClient(statePath: string | null): Promise<TrainingClient>;
  train: BatchedDataset<T>;
  loss: BatchLoss<T>;
  /** Is told, before the first step, what `state` said for the checkpoint that this attempt goes on from: {} in the first attempt. */
  restore?(state: JsonObject): void;
  evaluators: Evaluator[];
  infrequentEvaluators: Evaluator[];
  /** What the conversations of the dataset were rendered with. */
  renderer: PlainRef;
}

type Config = Omit<LoopConfig, 'dataset' | 'submit_ahead'> & Partial<Pick<LoopConfig, 'submit_ahead'>>;

/** Trains to the end, to a loss that is NaN or infinite, or to the signal. Continues from the last checkpoint of the run. */
export async function trainOnBatches<T>(
  config: Config,
  { openClient, train, loss, evaluators, infrequentEvaluators, renderer, state, restore }: LoopParts<T>,
  context: TrainingContext,
): Promise<TrainingOutcome> {
  const total_steps = totalStepsOf(config, train);
  const journal = await Journal.open(context, openClient, {
    ...config,
    total_steps,
    steps_per_epoch: train.length,
    renderer,
    loss: loss.metric,
    progress: (_, progress) => ({ progress }),
    ...(state !== undefined && { state }),
    evaluations: [
      evaluationBy(evaluators, { name: 'evals', every: config.eval_every }, context),
      evaluationBy(infrequentEvaluators, { name: 'infrequent_evals', every: config.infrequent_eval_every }, context),
    ],
  });
  restore?.(journal.restored);
  const { client } = journal;
  const batchOf = batchesOf(train);

  for await (const step of journal.steps()) {
    const timer = new IterationTimer();
    const epoch = Math.floor(step / train.length);
    const batch = await timer.timed('get_batch', () => batchOf(step));
    const sources = sourceMetrics(train, step % train.length);
    const measured = await journal.evaluate(step, timer);

    const adam = adamAt(config, step, total_steps);
    const { learning_rate } = adam;
    const learned = await loss.submit(batch, { journal, step, timer });
    if ('skipped' in learned) {
      const row = { epoch, learning_rate, ...measured, ...learned.skipped, ...sources };
      await journal.collect(step, async () => row, timer);
      continue;
    }
    const optimStep = await client.optimStep(adam);

    const finish = async () => {
      const trained = await learned();
      const { metrics } = await timer.timed('optim_step', () => optimStep.result());
      return { epoch, learning_rate, ...measured, ...trained, ...sources, ...metrics };
    };
    await journal.collect(step, finish, timer);
  }
  return await journal.finish();
}

/** Of a mixture, what a batch has of each of its datasets. */
function sourceMetrics<T>({ sourcesOf }: BatchedDataset<T>, batch: number): Metrics {
  const rows = Object.entries(sourcesOf?.(batch) ?? {});
  return Object.fromEntries(rows.map(([name, count]) => [`num_sequences/${name}`, count]));
}

/** Cross-entropy: the log-probs of the targets by their weights. */
export function crossEntropy(tokenizer: Tokenizer): BatchLoss<Datum> {
  return {
    metric: 'train_mean_nll',
    async submit(data, { journal: { client }, timer }) {
      const forwardBackward = await client.forwardBackward(data, 'cross_entropy', {}, { logprobs: 'trained' });
      return async () => {
        const output = await timer.timed('forward_backward', () => forwardBackward.result());
        return batchMetrics(data, output, tokenizer);
      };
    },
  };
}

function batchMetrics(data: Datum[], output: ForwardBackwardOutput, tokenizer: Tokenizer) {
  const logprobs_D_T = output.loss_fn_outputs.map(({ logprobs }) => logprobs.data);
  const weights_D_T = data.map(({ loss_fn_inputs }) => loss_fn_inputs.weights.data);
  const targets_D_T = data.map(({ loss_fn_inputs }) => loss_fn_inputs.target_tokens.data);
  let num_loss_tokens = 0;
  for (const weights_T of weights_D_T) for (const weight of weights_T) num_loss_tokens += weight > 0 ? 1 : 0;
  return {
    num_sequences: data.length,
    num_tokens: positionsOf(data),
    num_loss_tokens,
    train_mean_nll: computeMeanNll(logprobs_D_T, weights_D_T),
    train_mean_bpb: computeBpb(logprobs_D_T, weights_D_T, targets_D_T, tokenizer),
  };
}
