// The streaming mode: a batch is trained on in parts, each as soon as its groups are there, while the others are rolled out.
// Parts are formed in the order of the groups, so that the result does not depend on which are done first.

import { IterationTimer } from '../training/trace.ts';
import type { TrainingOutcome } from '../training/types.ts';
import { measurePostKl } from './post_kl.ts';
import { openSampler, type RLRun, rollOutBatch } from './run.ts';
import { type StreamConfig, type TakeGroups, trainAsTheyCome } from './streamed_step.ts';

export async function trainStream(run: RLRun, config: StreamConfig): Promise<TrainingOutcome> {
  const { journal, errors, transcripts } = run;
  let sampler = await openSampler(run, journal.start);
  for await (const step of journal.steps()) {
    const timer = new IterationTimer();
    const measured = await journal.evaluate(step, timer);
    const rollingOut_P = rollOutBatch(run, sampler, step);
    const take: TakeGroups = async (count) => {
      const groups_P = await Promise.all(rollingOut_P.splice(0, count));
      return groups_P.filter((group) => group !== null);
    };
    const { rolledOut_P, data_D, metrics } = await trainAsTheyCome(run, step, config, take, timer);
    await timer.timed('transcripts', () => transcripts.write('train', step, rolledOut_P));
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
