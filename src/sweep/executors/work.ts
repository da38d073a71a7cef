// Runs are left to workers: they lie prepared, and whoever types `cookbook work` takes them, on this machine or on others.

import { setTimeout as sleep } from 'node:timers/promises';
import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { attemptOf, inspectRunDirectory } from '../../run_files/directory.ts';
import { announceJobs, recordJob } from '../../run_files/job.ts';
import { isFinished } from '../../run_files/status.ts';
import { readStopRequest, writeStopRequest } from '../../run_files/stop_request.ts';
import { readUntil } from '../../run_files/until.ts';
import { type Executor, executorSlot, type Job } from '../executor.ts';

export const WORK = 'work';

export const workExecutor = defineBuilder({
  slot: executorSlot,
  name: WORK,
  version: 1,
  doc: 'Nowhere by itself: runs lie prepared, and workers take them (cookbook work), on any machine that sees their directory.',
  params: Type.Object({}),
  build: (): Executor => ({
    slots: Number.POSITIVE_INFINITY,
    submit,
    // A worker does not need the sweep that is gone. What it holds is waited for like what any other process holds.
    attach: async () => null,
  }),
});

async function submit(directories: readonly string[]): Promise<Job[]> {
  const attempts = await Promise.all(directories.map(async (each) => attemptOf(await inspectRunDirectory(each))));
  const records = await announceJobs(WORK, directories);
  return await Promise.all(
    records.map(async (record, i) => {
      const [directory = '', after_attempt = 0] = [directories[i], attempts[i]];
      // Workers take a run that failed after this attempt once more, and not after the next.
      await recordJob(directory, record, { after_attempt });
      return {
        description: 'a worker',
        isOffer: true,
        ended: ended(directory, after_attempt),
        stop: () => writeStopRequest(directory, false),
        kill: () => writeStopRequest(directory, true),
      };
    }),
  );
}

/** Workers may be on machines that tell nothing. */
const POLL_MS = 1_000;

/** Null where somebody has asked it to stop: it is held back, whether a worker has had it or not. */
async function ended(directory: string, before: number): Promise<string | null> {
  while (!(await isOver(directory, before))) await sleep(POLL_MS);
  return (await readStopRequest(directory)) === null ? 'its worker ended' : null;
}

/** Whether workers have done what was asked: one that was interrupted is taken by the next, and goes on. */
async function isOver(directory: string, before: number): Promise<boolean> {
  const found = await inspectRunDirectory(directory);
  const state = found?.status?.state ?? 'pending';
  if (isFinished(state)) return true;
  // Whoever has been asked to stop at once leaves its lease behind.
  const request = await readStopRequest(directory);
  if (found?.live === true) return request?.now === true;
  if (request !== null) return true;
  if (state === 'failed') return attemptOf(found) > before;
  const until = await readUntil(directory).catch(() => null);
  // It may have been there before it was handed over.
  return until !== null && (found?.status?.step ?? 0) >= until;
}
