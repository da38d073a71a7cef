// The asynchronous mode: groups are rolled out while others are trained on, with policies that are about max_steps_off_policy
// updates behind at most. Nothing is thrown away for its age: of the groups that are ready the oldest are trained on first, and a
// new one is begun only when one has been trained on. A group that is slower than the others can be older, since nobody waits for
// it alone. At a bound of 0 this does what the synchronous mode does. With stream_minibatch_config a batch is trained on in parts as they
// come, so that groups of one batch need not be ready together.
//
// A checkpoint takes along which groups were begun and not yet trained on, and where the dataset stands. A run that goes on
// rolls those groups out again with the policy of the checkpoint, which is newer than the ones that they were begun with.

import pLimit from 'p-limit';
import { IterationTimer } from '../training/trace.ts';
import type { Metrics, TrainingOutcome } from '../training/types.ts';
import { GroupPlan } from './group_plan.ts';
import { measurePostKl } from './post_kl.ts';
import { RolloutQueue } from './rollout_queue.ts';
import { openSampler, type RLRun, rollOutGroup } from './run.ts';
import { trainOnBatch } from './step.ts';
import { type StreamedBatch, trainAsTheyCome } from './streamed_step.ts';
import type { RolledOutGroup } from './types.ts';

export interface AsyncConfig {
  max_steps_off_policy: number;
  groups_per_batch: number;
}

export async function trainAsync(
  run: RLRun,
  { groups_per_batch, max_steps_off_policy }: AsyncConfig,
): Promise<TrainingOutcome> {
  const { journal, errors, transcripts, totalSteps } = run;
  const plan = new GroupPlan(run.dataset, run.config.num_epochs, journal.restored.queue);
  let sampler = await openSampler(run, journal.start);
  const slots = groups_per_batch * (max_steps_off_policy + 1);
  const limit = pLimit(run.config.max_concurrent_groups ?? slots);
  const queue = new RolloutQueue({
    slots,
    wanted: groups_per_batch * (totalSteps - journal.start),
    planned: plan,
    sampler,
    rollOut: ({ ordinal, builder }, sampler, signal) =>
      limit(() => rollOutGroup(run, builder, { ordinal, sampler, step: sampler.step, signal })),
    signal: run.stop.signal,
  });
  const stream = run.config.stream_minibatch_config;
  const trainOnNext = async (step: number, timer: IterationTimer): Promise<StreamedBatch> => {
    if (stream !== null) return await trainAsTheyCome(run, step, stream, (count) => queue.take(count), timer);
    const rolledOut_P = await journal.stoppable(() => timer.timed('sample', () => queue.take(groups_per_batch)));
    return { rolledOut_P, ...(await trainOnBatch(run, step, rolledOut_P, timer)) };
  };
  run.checkpointed.set('queue', () => ({ next: plan.position, pending: queue.pending }));
  try {
    for await (const step of journal.steps()) {
      const timer = new IterationTimer();
      const measured = await journal.evaluate(step, timer);
      const { rolledOut_P, data_D, metrics } = await trainOnNext(step, timer);
      await timer.timed('transcripts', () => transcripts.write('train', step, rolledOut_P));
      if (data_D.length > 0) {
        sampler = await timer.timed('save_weights_and_get_sampling_client', () => openSampler(run, step + 1));
      }
      const postKl = await measurePostKl(run, sampler, data_D);
      await queue.release(sampler);
      const ages = stalenessMetrics(step, rolledOut_P);
      await journal.log(step, { ...metrics, ...ages, ...measured, ...postKl, ...errors.metrics() }, timer);
    }
  } finally {
    await queue.close();
  }
  return await journal.finish();
}

/** How far behind the policies were that the groups were begun with. */
function stalenessMetrics(step: number, groups_P: readonly RolledOutGroup[]): Metrics {
  if (groups_P.length === 0) return {};
  const steps = groups_P.map(({ sampling_client_step }) => sampling_client_step);
  const mean = steps.reduce((sum, value) => sum + value, 0) / steps.length;
  const [min, max] = [Math.min(...steps), Math.max(...steps)];
  const seconds = groups_P.map(({ sampling_seconds }) => sampling_seconds);
  return {
    'training_client/step': step,
    'sampling_client/step_min': min,
    'sampling_client/step_max': max,
    'sampling_client/step_mean': mean,
    'async/staleness_min': step - max,
    'async/staleness_max': step - min,
    'async/staleness_mean': step - mean,
    'time/sampling_time_min': Math.min(...seconds),
    'time/sampling_time_max': Math.max(...seconds),
    'time/sampling_time_mean': seconds.reduce((sum, value) => sum + value, 0) / seconds.length,
  };
}
