// The synchronous mode: roll out a batch, train on it, and only then roll out the next with the new policy.

import { IterationTimer } from '../training/trace.ts';
import type { TrainingOutcome } from '../training/types.ts';
import { measurePostKl } from './post_kl.ts';
import { openSampler, type RLRun, rollOutBatch } from './run.ts';
import { trainOnBatch } from './step.ts';

export async function trainSync(run: RLRun): Promise<TrainingOutcome> {
  const { journal, errors, transcripts } = run;
  let sampler = await openSampler(run, journal.start);
  for await (const step of journal.steps()) {
    const timer = new IterationTimer();
    const measured = await journal.evaluate(step, timer);
    const rolledOut_P = await journal.stoppable(() =>
      timer.timed('sample', async () => {
        const groups_P = await Promise.all(rollOutBatch(run, sampler, step));
        return groups_P.filter((group) => group !== null);
      }),
    );
    await timer.timed('transcripts', () => transcripts.write('train', step, rolledOut_P));
    const { data_D, metrics } = await trainOnBatch(run, step, rolledOut_P, timer);
    if (data_D.length > 0) {
      await sampler.client.close();
      sampler = await timer.timed('save_weights_and_get_sampling_client', () => openSampler(run, step + 1));
    }
    const postKl = await measurePostKl(run, sampler, data_D);
    await journal.log(step, { ...metrics, ...measured, ...postKl, ...errors.metrics() }, timer);
  }
  await sampler.client.close();
  return await journal.finish();
}
