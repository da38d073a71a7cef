// `cookbook slurm-job TASKS`: what a task of an array does: it executes its run, and has itself requeued at the time limit.
//
// The job requeues itself, rather than its sweep handing it over again, because it goes on where the sweep is long gone. Where
// that fails (the controller is away, or the cluster forbids it), a sweep that follows the job does hand it over again.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Registry } from '../../../registry/registry.ts';
import { execCommand } from '../../../run/exec_command.ts';
import { listCheckpoints } from '../../../run_files/checkpoint_log.ts';
import { readJob } from '../../../run_files/job.ts';
import { leaseHolder } from '../../../run_files/lease.ts';
import { ConfigurationError, messageOf } from '../../../util/errors.ts';
import { jsonText, readJson, writeFileAtomic } from '../../../util/files.ts';
import { isNullOr, isOneOf, isString, jsonShape } from '../../../util/json_shape.ts';
import { recordFailure } from '../../prepare.ts';
import { handleOf, SLURM } from './handle.ts';
import { slurm } from './programs.ts';
import { readTaskList } from './task_list.ts';

/** Returns the exit code that the run's last state asks for. */
export async function slurmJobCommand(tasks: string, registry: Registry): Promise<0 | 1 | 3> {
  const signals = listen();
  const task = numberIn('SLURM_ARRAY_TASK_ID');
  const array = numberIn('SLURM_ARRAY_JOB_ID');
  const { submission, directories } = await readTaskList(tasks);
  const directory = directories[task];
  if (directory === undefined) throw new ConfigurationError(`${tasks} has no task ${task}`);
  if (!(await isOurs(directory, submission, array))) {
    say(`${directory} was handed over to another job since: this one does nothing`);
    return 0;
  }
  await leftAlone(directory, signals.stop);
  const code = await execCommand(directory, registry, { signal: signals.stop, isQuiet: true });
  if (code !== 3 || !signals.isTimeUp()) return code;
  if (!(await gotFurther(directory, `${tasks}.${task}`))) {
    await recordFailure(directory, { code: 'TIME_LIMIT', message: TOO_SHORT });
    return 1;
  }
  try {
    await slurm('scontrol', ['requeue', `${array}_${task}`]);
  } catch (error) {
    say(`the job could not be requeued (${messageOf(error)}): the sweep that follows it hands it over again`);
  }
  return code;
}

const TOO_SHORT =
  'the time limits of two jobs were over before a checkpoint could be saved that it goes on from: raise timeout_min, or signal_delay_s';

/** Signals, from the first moment on: until a run listens, they end it just as well. */
function listen(): { stop: AbortSignal; isTimeUp(): boolean } {
  const stop = new AbortController();
  let isTimeUp = false;
  let isCancelled = false;
  process.on('SIGURG', () => {
    isTimeUp = true;
    stop.abort();
  });
  // Only the first: the next one is to end the process.
  process.once('SIGTERM', () => {
    isCancelled = true;
    stop.abort();
  });
  return { stop: stop.signal, isTimeUp: () => isTimeUp && !isCancelled };
}

/** Whether the run is still given to this job: it may have been taken for lost, and the run been handed over again. */
async function isOurs(directory: string, submission: string, array: number): Promise<boolean> {
  const { value, problem } = await readJob(directory);
  if (value === null) throw new ConfigurationError(`${directory}: ${problem ?? 'there is no job.json'}`);
  const known = handleOf(value)?.array_job_id ?? array;
  return value.executor === SLURM && value.submission === submission && known === array;
}

const LOOK_MS = 1_000;
/** A node that was lost may live on, cut off from the controller, and train until it finds out. */
const PATIENCE_MS = 15 * 60_000;

/** Resolves once no process holds the run: one on a node that died holds it until its heartbeat is a minute old. */
async function leftAlone(directory: string, stop: AbortSignal): Promise<void> {
  for (const deadline = performance.now() + PATIENCE_MS; performance.now() < deadline && !stop.aborted; ) {
    if ((await leaseHolder(directory)) === null) return;
    await sleep(LOOK_MS, undefined, { signal: stop }).catch(() => undefined);
  }
}

/** Whether there is a checkpoint now that was not there at the time limit before. The first one may have come too early. */
async function gotFurther(directory: string, file: string): Promise<boolean> {
  const newest = await newestCheckpoint(directory);
  const { value } = await readJson(file, furtherShape);
  await writeFileAtomic(file, jsonText({ schema_version: 1, newest }));
  return value === null || value.newest !== newest;
}

const furtherShape = jsonShape<{ schema_version: 1; newest: string | null }>({
  schema_version: isOneOf([1]),
  newest: isNullOr(isString),
});

async function newestCheckpoint(directory: string): Promise<string | null> {
  const newest = (await listCheckpoints(directory).catch(() => [])).at(-1);
  return newest === undefined ? null : `${newest.batch} ${newest.name}`;
}

function numberIn(variable: string): number {
  const text = process.env[variable] ?? '';
  if (!/^\d{1,10}$/.test(text)) {
    throw new ConfigurationError(
      `${variable} is not set: only a batch script that a sweep has written starts this command`,
    );
  }
  return Number(text);
}

function say(message: string): void {
  process.stderr.write(`${message}\n`);
}
