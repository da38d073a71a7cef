// A step on groups that are all there: datums, update, and the metrics of both.

import { adamAt } from '../training/adam.ts';
import type { IterationTimer } from '../training/trace.ts';
import type { Metrics } from '../training/types.ts';
import type { RLDatum } from './datums.ts';
import { meansOf } from './means.ts';
import { computeKlSampleTrain } from './metrics.ts';
import { divergedMetric, prepareBatch } from './prepare.ts';
import type { RLRun } from './run.ts';
import { skippedMetric } from './skipped_steps.ts';
import type { RolledOutGroup } from './types.ts';
import { trainStep } from './update.ts';

export interface TrainedBatch {
  /** What was trained on. Empty: nothing was there to train on, and the policy is as it was. */
  data_D: readonly RLDatum[];
  metrics: Metrics;
}

export async function trainOnBatch(
  run: RLRun,
  step: number,
  rolledOut_P: readonly RolledOutGroup[],
  timer: IterationTimer,
): Promise<TrainedBatch> {
  const { journal, config, loss, usage } = run;
  run.errors.ofStep(step, rolledOut_P.length);
  const batch = await journal.stoppable(() => timer.timed('prepare', () => prepareBatch(run, rolledOut_P, 'keep_one')));
  const adam = adamAt(config, step, run.totalSteps);
  const update = await timer.timed('train', () =>
    trainStep(journal.client, batch.data_D, {
      loss,
      maxTokens: config.max_tokens,
      adam,
      numSubsteps: config.num_substeps,
    }),
  );
  const metrics = {
    'optim/lr': adam.learning_rate,
    ...batch.metrics,
    ...meansOf([batch.means]),
    ...update.metrics,
    ...computeKlSampleTrain(batch.data_D, update.trained_D_T),
    ...usage.recordStep(batch.usage),
    ...usage.discardedMetrics,
    ...skippedMetric(batch.data_D),
    ...divergedMetric(batch.diverged),
  };
  return { data_D: batch.data_D, metrics };
}
