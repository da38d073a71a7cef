// Runs on this machine: a process each, so that a crash of one never touches another, with the cores divided between them.
//
// A process lives no longer than its sweep: when that is gone, however it went, the run saves a checkpoint and stops. What a
// restarted sweep attaches to are processes that are still about to.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { announceJobs, type JobRecord, readJob, recordJob } from '../../run_files/job.ts';
import { messageOf } from '../../util/errors.ts';
import { explainingFailure } from '../../util/files.ts';
import { type ProcessIdentity, processOf, processShape, processState } from '../../util/liveness.ts';
import { APPEND_FLAGS } from '../../util/regular_file.ts';
import { type Executor, executorSlot, type Job } from '../executor.ts';

const NAME = 'local';

export const localExecutor = defineBuilder({
  slot: executorSlot,
  name: NAME,
  version: 1,
  doc: 'On this machine, a process a run, with the cores divided between those that run at a time.',
  params: Type.Object({}),
  build: (_params, { maxConcurrency }): Executor => {
    const threads = Math.max(1, Math.floor(availableParallelism() / maxConcurrency));
    return { slots: maxConcurrency, submit: (directories) => submit(directories, threads), attach };
  },
});

const COOKBOOK = fileURLToPath(new URL('../../../bin/run.js', import.meta.url));

async function submit(directories: readonly string[], threads: number): Promise<Job[]> {
  const records = await announceJobs(NAME, directories);
  return await Promise.all(records.map((record, i) => begin(directories[i] ?? '', record, threads)));
}

async function begin(directory: string, record: JobRecord, threads: number): Promise<Job> {
  let child: ChildProcess;
  try {
    child = await start(directory, threads);
  } catch (error) {
    const ended = Promise.resolve(`its process could not be started (${messageOf(error)})`);
    const nothing = async () => undefined;
    return { description: 'no process', ended, stop: nothing, kill: nothing };
  }
  const ended = once(child, 'exit').then(() =>
    child.signalCode === null
      ? `its process ended with exit code ${child.exitCode}`
      : `its process was killed by ${child.signalCode}`,
  );
  // The process is there whether or not that can be written down, and the lease tells as well that it is.
  await recordJob(directory, record, { ...processOf(child.pid ?? 0) }).catch(() => undefined);
  return {
    description: `process ${child.pid}`,
    ended,
    stop: async () => void child.kill('SIGTERM'),
    kill: async () => void child.kill('SIGKILL'),
  };
}

async function start(directory: string, threads: number): Promise<ChildProcess> {
  // The log itself is handed over, not a pipe: it takes the last words of a run even when this process is gone.
  const path = join(directory, 'logs.log');
  const log = await explainingFailure('append to', path, () => open(path, APPEND_FLAGS));
  try {
    const child = spawn(process.execPath, [COOKBOOK, 'exec', directory], {
      // Nothing is sent over the channel. It closes when this process dies, however it dies, and then the run stops too.
      stdio: ['ignore', 'ignore', log.fd, 'ipc'],
      // A process group of its own: Ctrl-C at the terminal reaches this process alone, which passes it on once.
      detached: true,
      env: {
        ...process.env,
        COOKBOOK_THREADS: `${threads}`,
        OMP_NUM_THREADS: `${threads}`,
        OMP_WAIT_POLICY: 'PASSIVE',
      },
    });
    await once(child, 'spawn');
    return child;
  } finally {
    await log.close();
  }
}

/**
 * Null for the run of a sweep that still looks after it, for one on another machine, and for one whose sweep was killed before
 * it wrote down which process it had started: their leases say when they end.
 */
async function attach(directory: string): Promise<Job | null> {
  const { value: record } = await readJob(directory);
  if (record === null || record.executor !== NAME || processState(record.submitted_by) !== 'gone') return null;
  const { handle } = record;
  return processShape.is(handle) && processState(handle) === 'running' ? following(handle) : null;
}

/** The system tells of the end of a process to its parent alone. */
const POLL_MS = 100;

function following(runner: ProcessIdentity): Job {
  return {
    description: `process ${runner.pid}`,
    ended: gone(runner),
    // With its sweep gone it stops by itself, and a signal now would be the second one, which ends it without a checkpoint.
    stop: async () => undefined,
    kill: async () => {
      if (processState(runner) === 'running') process.kill(runner.pid, 'SIGKILL');
    },
  };
}

async function gone(runner: ProcessIdentity): Promise<string> {
  while (processState(runner) === 'running') await sleep(POLL_MS);
  return 'its process ended';
}
