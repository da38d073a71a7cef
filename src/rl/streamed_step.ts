// A step that does not wait for its whole batch: it is trained on in parts, each as soon as its groups are there, while the others
// are rolled out. Parts are submitted in the order in which they are taken.

import type { APIFuture } from '../tinker/clients.ts';
import type { AdamParams, ForwardBackwardOutput, OptimStepResponse } from '../tinker/types.ts';
import { adamAt } from '../training/adam.ts';
import type { IterationTimer } from '../training/trace.ts';
import type { RLDatum } from './datums.ts';
import { meansOf, type WeightedMeans } from './means.ts';
import { computeKlSampleTrain, rolloutMetrics } from './metrics.ts';
import { divergedMetric, prepareBatch } from './prepare.ts';
import type { RLRun } from './run.ts';
import { skippedMetric } from './skipped_steps.ts';
import type { TrainedBatch } from './step.ts';
import { addUsage, type TokenUsage } from './token_usage.ts';
import type { RolledOutGroup } from './types.ts';
import { reduceMetrics, splitList, type Update, updateOf } from './update.ts';

export interface StreamConfig {
  groups_per_batch: number;
  num_minibatches: number;
}

/** Waits for the next groups of the batch; fewer where some came to nothing or no more are to come. */
export type TakeGroups = (count: number) => Promise<RolledOutGroup[]>;

export interface StreamedBatch extends TrainedBatch {
  rolledOut_P: RolledOutGroup[];
}

/** Trains on the next `groups_per_batch` groups. */
export async function trainAsTheyCome(
  run: RLRun,
  step: number,
  { groups_per_batch, num_minibatches }: StreamConfig,
  take: TakeGroups,
  timer: IterationTimer,
): Promise<StreamedBatch> {
  const { usage, config, errors } = run;
  const adam = adamAt(config, step, run.totalSteps);
  const minibatches = splitInto(groups_per_batch, config.num_substeps).map((size) => splitInto(size, num_minibatches));
  const finished = async () => {
    const submitted = await submitAsTheyCome(run, minibatches, { take, adam, timer });
    return { ...submitted, updates: await timer.timed('train', () => finishAll(submitted.substeps)) };
  };
  const { rolledOut_P, data_D, diverged, updates, ...submitted } = await finished().finally(() => run.stop.release());
  errors.ofStep(step, rolledOut_P.length);
  const metrics = {
    'optim/lr': adam.learning_rate,
    ...rolloutMetrics(rolledOut_P),
    ...meansOf(submitted.means),
    ...reduceMetrics(updates.map(({ metrics }) => metrics)),
    ...computeKlSampleTrain(
      data_D,
      updates.flatMap(({ trained_D_T }) => trained_D_T),
    ),
    ...usage.recordStep(submitted.usage),
    ...usage.discardedMetrics,
    ...skippedMetric(data_D),
    ...divergedMetric(diverged),
  };
  return { rolledOut_P, data_D, metrics };
}

/** An optimizer step that was submitted behind the minibatches that it is for. */
interface Substep {
  outputs: APIFuture<ForwardBackwardOutput>[];
  optimStep: APIFuture<OptimStepResponse>;
}

/** A batch that is submitted and not yet awaited. */
interface SubmittedBatch {
  rolledOut_P: RolledOutGroup[];
  data_D: RLDatum[];
  /** The policy is broken. */
  diverged: boolean;
  means: WeightedMeans[];
  usage: TokenUsage;
  substeps: Substep[];
}

/**
 * Waits for the groups of one minibatch after the other, and submits each before it waits for the next.
 * @param minibatches how many groups each has, by substep
 */
async function submitAsTheyCome(
  run: RLRun,
  minibatches: readonly (readonly number[])[],
  { take, adam, timer }: { take: TakeGroups; adam: AdamParams; timer: IterationTimer },
): Promise<SubmittedBatch> {
  const { journal, config, loss, stop } = run;
  const rolledOut_P: RolledOutGroup[] = [];
  const data_D: RLDatum[] = [];
  const usages: TokenUsage[] = [];
  const means: WeightedMeans[] = [];
  const substeps: Substep[] = [];
  let diverged = false;
  for (const [s, sizes] of minibatches.entries()) {
    const outputs: APIFuture<ForwardBackwardOutput>[] = [];
    for (const size of sizes) {
      const ready = async () => {
        const groups_P = await timer.timed('sample', () => take(size));
        rolledOut_P.push(...groups_P);
        return await timer.timed('prepare', () => prepareBatch(run, groups_P, 'drop'));
      };
      // Behind an optimizer step the weights are in the middle of a batch: whatever ends the run there, they are not saved.
      const minibatch = substeps.length === 0 ? await journal.stoppable(ready) : await ready();
      usages.push(minibatch.usage);
      means.push(minibatch.means);
      diverged ||= minibatch.diverged;
      if (minibatch.data_D.length === 0) continue;
      data_D.push(...minibatch.data_D);
      const options = { max_tokens: config.max_tokens, parts: sizes.length };
      outputs.push(await loss.submit(journal.client, minibatch.data_D, options));
    }
    if (outputs.length === 0) continue;
    const isFirst = substeps.length === 0;
    if (isFirst && s < minibatches.length - 1) await journal.stoppable(async () => stop.hold());
    substeps.push({ outputs, optimStep: await journal.client.optimStep(adam) });
  }
  return { rolledOut_P, data_D, diverged, means, usage: addUsage(...usages), substeps };
}

async function finishAll(substeps: readonly Substep[]): Promise<Update[]> {
  const updates: Update[] = [];
  for (const { outputs, optimStep } of substeps) {
    const finished: ForwardBackwardOutput[] = [];
    for (const output of outputs) finished.push(await output.result());
    updates.push(updateOf(finished, (await optimStep.result()).metrics ?? {}));
  }
  return updates;
}

/** Sizes of nearly equal parts. */
const splitInto = (count: number, parts: number): number[] =>
  splitList(Array.from({ length: count }), parts).map(({ length }) => length);
