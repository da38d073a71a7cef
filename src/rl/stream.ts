// The streaming mode: a batch is trained on in parts, each as soon as its groups are there, while the others are rolled out.
// Parts are formed and submitted in the order of the groups, so that the result does not depend on which are done first.

import type { APIFuture } from '../tinker/clients.ts';
import type { AdamParams, ForwardBackwardOutput, OptimStepResponse } from '../tinker/types.ts';
import { IterationTimer } from '../training/trace.ts';
import type { TrainingOutcome } from '../training/types.ts';
import type { RLDatum } from './datums.ts';
import { computeKlSampleTrain, rolloutMetrics } from './metrics.ts';
import { measurePostKl } from './post_kl.ts';
import { divergedMetric, prepareBatch } from './prepare.ts';
import { adamAt, openSampler, type RLRun, rollOutBatch } from './run.ts';
import { skippedMetric } from './step.ts';
import { addUsage, type TokenUsage } from './token_usage.ts';
import type { RolledOutGroup } from './types.ts';
import { reduceMetrics, splitList, type Update, updateOf } from './update.ts';

export interface StreamConfig {
  groups_per_batch: number;
  num_minibatches: number;
}

/** An optimizer step that was submitted behind the minibatches that it is for. */
interface Substep {
  outputs: APIFuture<ForwardBackwardOutput>[];
  optimStep: APIFuture<OptimStepResponse>;
}

export async function trainStream(run: RLRun, { num_minibatches }: StreamConfig): Promise<TrainingOutcome> {
  const { journal, errors, transcripts, usage } = run;
  let sampler = await openSampler(run, journal.start);
  for await (const step of journal.steps()) {
    const timer = new IterationTimer();
    const measured = await journal.evaluate(step, timer);
    const adam = adamAt(run, step);
    const rollingOut_P = rollOutBatch(run, sampler, step);
    const streamed = await submitAsTheyCome(run, rollingOut_P, { num_minibatches, adam, timer });
    const { rolledOut_P, data_D } = streamed;
    const updates = await timer.timed('train', () => finishAll(streamed.substeps));
    await timer.timed('transcripts', () => transcripts.write('train', step, rolledOut_P));
    if (data_D.length > 0) {
      await sampler.client.close();
      sampler = await timer.timed('save_weights_and_get_sampling_client', () => openSampler(run, step + 1));
    }
    errors.ofStep(step, rolledOut_P.length);
    const row = {
      'optim/lr': adam.learning_rate,
      ...rolloutMetrics(rolledOut_P),
      ...reduceMetrics(updates.map(({ metrics }) => metrics)),
      ...computeKlSampleTrain(
        data_D,
        updates.flatMap(({ trained_D_T }) => trained_D_T),
      ),
      ...usage.recordStep(streamed.usage),
      ...usage.discardedMetrics,
      ...skippedMetric(data_D),
      ...divergedMetric(streamed.diverged),
      ...measured,
      ...(await measurePostKl(run, sampler, data_D)),
      ...errors.metrics(),
    };
    await journal.log(step, row, timer);
  }
  await sampler.client.close();
  return await journal.finish();
}

/** A batch that is submitted and not yet awaited. */
interface StreamedBatch {
  rolledOut_P: RolledOutGroup[];
  data_D: RLDatum[];
  /** The policy is broken. */
  diverged: boolean;
  usage: TokenUsage;
  substeps: Substep[];
}

/** Waits for the groups of one minibatch after the other, and submits each before it waits for the next. */
async function submitAsTheyCome(
  run: RLRun,
  rollingOut_P: readonly Promise<RolledOutGroup | null>[],
  { num_minibatches, adam, timer }: { num_minibatches: number; adam: AdamParams; timer: IterationTimer },
): Promise<StreamedBatch> {
  const { journal, config, loss } = run;
  const rolledOut_P: RolledOutGroup[] = [];
  const data_D: RLDatum[] = [];
  const usages: TokenUsage[] = [];
  const substeps: Substep[] = [];
  let diverged = false;
  for (const inSubstep_P of splitList(rollingOut_P, config.num_substeps)) {
    const outputs: APIFuture<ForwardBackwardOutput>[] = [];
    for (const inMinibatch_P of splitList(inSubstep_P, num_minibatches)) {
      const ready = async () => {
        const groups_P = await timer.timed('sample', () => Promise.all(inMinibatch_P));
        const there_P = groups_P.filter((group) => group !== null);
        rolledOut_P.push(...there_P);
        return await timer.timed('prepare', () => prepareBatch(run, there_P, 'drop'));
      };
      // Behind an optimizer step the weights are in the middle of a batch: a stop saves them no more.
      const minibatch = substeps.length === 0 ? await journal.stoppable(ready) : await ready();
      usages.push(minibatch.usage);
      diverged ||= minibatch.diverged;
      if (minibatch.data_D.length === 0) continue;
      data_D.push(...minibatch.data_D);
      const options = { max_tokens: config.max_tokens, parts: num_minibatches };
      outputs.push(await loss.submit(journal.client, minibatch.data_D, options));
    }
    if (outputs.length > 0) substeps.push({ outputs, optimStep: await journal.client.optimStep(adam) });
  }
  return { rolledOut_P, data_D, diverged, usage: addUsage(...usages), substeps };
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
