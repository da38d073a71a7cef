// The synchronous mode: roll out a batch, train on it, and only then roll out the next with the new policy.

import pLimit from 'p-limit';
import { IterationTimer } from '../training/trace.ts';
import type { TrainingOutcome } from '../training/types.ts';
import { computeKlSampleTrain } from './metrics.ts';
import { measurePostKl } from './post_kl.ts';
import { prepareBatch } from './prepare.ts';
import {
  adamAt,
  groupStride,
  openSampler,
  progressMetrics,
  type RLRun,
  type RolledOutGroup,
  rollOutGroup,
  type Sampler,
} from './run.ts';
import { trainStep } from './update.ts';

export async function trainSync(run: RLRun): Promise<TrainingOutcome> {
  const { journal, config, loss, usage, errors, transcripts } = run;
  const { client } = journal;
  let sampler = await openSampler(run, journal.start);
  for await (const step of journal.steps()) {
    const timer = new IterationTimer();
    const measured = await journal.evaluate(step, timer);
    const rolledOut_P = await journal.stoppable(() => timer.timed('sample', () => rollOutBatch(run, sampler, step)));
    await timer.timed('transcripts', () => transcripts.write('train', step, rolledOut_P));
    const batch = await journal.stoppable(() => timer.timed('prepare', () => prepareBatch(run, rolledOut_P)));
    const adam = adamAt(run, step);
    const options = { loss, adam, numSubsteps: config.num_substeps };
    const update = await timer.timed('train', () => trainStep(client, batch.data_D, options));
    if (batch.data_D.length > 0) {
      await sampler.client.close();
      sampler = await timer.timed('save_weights_and_get_sampling_client', () => openSampler(run, step + 1));
    }
    const row = {
      ...progressMetrics(run, step, adam),
      ...measured,
      ...batch.metrics,
      ...update.metrics,
      ...computeKlSampleTrain(batch.data_D, update.trained_D_T),
      ...usage.recordStep(batch.usage),
      ...(await measurePostKl(run, sampler, batch.data_D)),
      ...errors.metrics(),
    };
    await journal.log(step, row, timer);
  }
  await sampler.client.close();
  return await journal.finish();
}

/** All groups of a batch at once, or as many as may be; those that failed are left out. */
async function rollOutBatch(run: RLRun, sampler: Sampler, step: number): Promise<RolledOutGroup[]> {
  const { dataset, config } = run;
  const builders_P = dataset.getBatch(step % dataset.length);
  const limit = pLimit(config.max_concurrent_groups ?? Math.max(1, builders_P.length));
  const first = step * groupStride(run);
  const rolledOut_P = await Promise.all(
    builders_P.map((builder, p) => limit(() => rollOutGroup(run, builder, { ordinal: first + p, sampler }))),
  );
  return rolledOut_P.filter((group) => group !== null);
}
