// Which runs of a sweep a worker may take, by what lies on disk.

import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { inspectRunDirectory } from '../../src/run_files/directory.ts';
import { announceJobs, recordJob } from '../../src/run_files/job.ts';
import { takeLease } from '../../src/run_files/lease.ts';
import { pendingStatus, readStatus, writeStatus } from '../../src/run_files/status.ts';
import { removeStopRequest, writeStopRequest } from '../../src/run_files/stop_request.ts';
import { joinSweep, processesOf } from '../../src/run_files/sweep_processes.ts';
import type { RunStatus } from '../../src/run_files/types.ts';
import { writeUntil } from '../../src/run_files/until.ts';
import { executorSlot } from '../../src/sweep/executor.ts';
import { workExecutor } from '../../src/sweep/executors/work.ts';
import { Preparation } from '../../src/sweep/prepare.ts';
import { NO_RESOURCES } from '../../src/sweep/resources.ts';
import { freezePlan } from '../../src/sweep/sweep_directory.ts';
import { FreeRuns } from '../../src/work/free_runs.ts';
import { isSilent } from '../../src/work/worker.ts';
import { planned, sweepRegistry, sweepWorkspace } from '../sweep/support/sweeps.ts';

const NOBODY = { mine: new Set<string>(), unable: new Set<string>() };

/** A sweep of one run, prepared. */
async function prepared({ retries = 0 } = {}) {
  const plan = await planned(await sweepWorkspace(`grid: {learning_rate: [0.1]}\nexecution: {retries: ${retries}}\n`));
  const [run] = plan.runs;
  if (run === undefined) throw new Error('no run');
  await freezePlan(plan, ['sweep']);
  const look = async () => {
    const { counts } = await new FreeRuns(plan.log_path).survey(NOBODY, 10);
    return Object.entries(counts)
      .flatMap(([kind, count]) => (count > 0 ? [kind] : []))
      .join();
  };
  expect(await look()).toBe('waits');
  const directory = await new Preparation(plan, sweepRegistry(), ['sweep']).prepare(run);
  const becomes = async (changes: Partial<RunStatus>) => {
    const { value } = await readStatus(directory);
    await writeStatus(directory, { ...(value ?? pendingStatus()), ...changes });
    return await look();
  };
  return { sweep: plan.log_path, directory, look, becomes };
}

it('one that is prepared, was interrupted or was killed is free; one that is held or finished is not', async () => {
  const { directory, look, becomes } = await prepared();
  expect(await look()).toBe('free');
  const lease = await takeLease(directory);
  expect(await look()).toBe('held');
  await lease.release();
  expect(await becomes({ state: 'interrupted', attempt: 1, step: 2 })).toBe('free');
  expect(await becomes({ state: 'running', attempt: 2, step: 2 })).toBe('free');
  for (const state of ['done', 'stopped', 'diverged'] as const) expect(await becomes({ state })).toBe('finished');
});

it('one that has trained as far as it may waits, and is free when it may go on', async () => {
  const { directory, look, becomes } = await prepared();
  await writeUntil(directory, 10);
  expect(await becomes({ state: 'interrupted', attempt: 1, step: 9 })).toBe('free');
  expect(await becomes({ step: 10 })).toBe('waits');
  await writeUntil(directory, 20);
  expect(await look()).toBe('free');
  await writeUntil(directory, null);
  expect(await look()).toBe('free');
});

it('one of a study is free once its driver has handed it over, with word of how far it may go', async () => {
  const { sweep, directory, look } = await prepared();
  await writeFile(join(sweep, 'sweep.json'), '{"search": {"builder": "random"}, "execution": {}}');
  expect(await look()).toBe('waits');
  await announceJobs('work', [directory]);
  expect(await look()).toBe('free');
});

it('one of a study that waits at a rung is looked at again, since it may be promoted', async () => {
  const { sweep, directory, becomes } = await prepared();
  await writeFile(join(sweep, 'sweep.json'), '{"search": {"builder": "random"}, "execution": {}}');
  await announceJobs('work', [directory]);
  await becomes({ state: 'stopped', attempt: 1, step: 2 });
  const runs = new FreeRuns(sweep);
  expect((await runs.survey(NOBODY, 10)).free).toHaveLength(0);
  await becomes({ state: 'interrupted' });
  expect((await runs.survey(NOBODY, 10)).free).toHaveLength(1);
});

it('one that failed is tried again by workers when the driver that decided it is gone', async () => {
  const { sweep, directory, look, becomes } = await prepared({ retries: 1 });
  const [record] = await announceJobs('work', [directory]);
  if (record === undefined) throw new Error('no record');
  await recordJob(directory, record, { after_attempt: 0 });
  const about = { role: 'driver' as const, argv: ['sweep'], slots: null, log: null };
  const { leave } = await joinSweep(sweep, about, { host: hostname(), pid: process.pid });
  onTestFinished(leave);
  expect(await becomes({ state: 'failed', attempt: 1 })).toBe('given up');
  await leave();
  expect(await look()).toBe('free');
});

it('one that was asked to stop is left alone until somebody asks for it', async () => {
  const { directory, look } = await prepared();
  await writeStopRequest(directory, false);
  expect(await look()).toBe('given up');
  await removeStopRequest(directory);
  expect(await look()).toBe('free');
});

it('one that failed is free as often as retries say, or where a driver says so', async () => {
  const { directory, look, becomes } = await prepared({ retries: 1 });
  expect(await becomes({ state: 'failed', attempt: 1 })).toBe('free');
  expect(await becomes({ state: 'failed', attempt: 2 })).toBe('given up');
  const [record] = await announceJobs('work', [directory]);
  if (record === undefined) throw new Error('no record');
  await recordJob(directory, record, { after_attempt: 2 });
  expect(await look()).toBe('free');
  expect(await becomes({ attempt: 3 })).toBe('given up');
});

it('one that cannot be read is given up', async () => {
  const { directory, look } = await prepared();
  await writeFile(join(directory, 'status.json'), '{');
  expect(await look()).toBe('given up');
});

it('who is at work on a sweep is seen while it lives', async () => {
  const { sweep } = await prepared();
  const about = { role: 'worker' as const, argv: ['work', 'here'], slots: 2, log: null };
  const me = { host: hostname(), pid: process.pid };
  const { leave } = await joinSweep(sweep, about, me);
  onTestFinished(leave);
  expect(await processesOf(sweep)).toEqual([{ ...about, ...me, started_at: expect.any(String), live: true }]);
  await leave();
  expect(await processesOf(sweep)).toEqual([]);
});

it('one that was given up before a worker began with it has left its word', async () => {
  const { directory, becomes } = await prepared();
  const silent = async () => isSilent(await inspectRunDirectory(directory), 1);
  await becomes({ state: 'interrupted', attempt: 1, step: 2 });
  expect(await silent()).toBe(true);
  await becomes({ state: 'stopped' });
  expect(await silent()).toBe(false);
});

it('one that somebody has asked to stop before any worker took it is held back, and has not failed', async () => {
  const { directory } = await prepared();
  await writeStopRequest(directory, false);
  const registry = sweepRegistry();
  registry.add(workExecutor);
  const context = { maxConcurrency: 1, resources: NO_RESOURCES };
  const executor = await registry.build(executorSlot, { builder: 'work' }, context);
  const [job] = await executor.submit([directory], NO_RESOURCES);
  expect(job).toMatchObject({ isOffer: true });
  expect(await job?.ended).toBeNull();
});
