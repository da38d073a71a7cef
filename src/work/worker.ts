// A worker: takes free runs of a sweep and executes each in a process of its own, until there is nothing to take any more.

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { AFTER_ATTEMPT } from '../run/exec_command.ts';
import { inspectRunDirectory } from '../run_files/directory.ts';
import { isFinished } from '../run_files/status.ts';
import { readStopRequest } from '../run_files/stop_request.ts';
import { liveDriver } from '../run_files/sweep_processes.ts';
import { type PlacedRun, stateOf } from '../run_files/sweep_runs.ts';
import type { RunSnapshot, RunStatus, SeenState } from '../run_files/types.ts';
import { readUntil } from '../run_files/until.ts';
import { endOf, runtimeThreads, startExec } from '../sweep/executors/processes.ts';
import { recordFailure } from '../sweep/prepare.ts';
import { messageOf } from '../util/errors.ts';
import { type FreeRun, FreeRuns, type Survey } from './free_runs.ts';

export type WorkEvent =
  | { type: 'took'; run: PlacedRun }
  /** `state`: what it has come to; `running` where another process was quicker to take it. */
  | { type: 'ended'; run: PlacedRun; state: SeenState; step: number; error: RunStatus['error']; isHeldBack: boolean }
  /** Nothing is free at the moment. */
  | { type: 'waiting'; counts: Survey['counts'] };

export interface WorkerOptions {
  concurrency: number;
  /** Ends as soon as nothing is free, whoever may still be at work. */
  once: boolean;
  /** Aborted to take nothing more, and to end what runs with checkpoints; and to end it at once. */
  stop: AbortSignal;
  kill: AbortSignal;
  onEvent(event: WorkEvent): void;
}

/** Between two looks for runs that have become free. */
const POLL_MS = 2_000;
/** Of so many free runs for each of its places it takes any, so that workers who look at the same moment seldom want the same. */
const CHOICE = 8;

/** Runs that this worker has taken, by what they came to. */
export async function work(
  directory: string,
  options: WorkerOptions,
): Promise<{ ended: number; failed: number; last: Survey }> {
  const { concurrency, stop } = options;
  const free = new FreeRuns(directory);
  const running = new Map<string, Promise<void>>();
  const unable = new Set<string>();
  let [ended, failed, wasWaiting] = [0, 0, false];
  while (true) {
    const survey = await free.survey({ mine: new Set(running.keys()), unable }, CHOICE * concurrency);
    while (!stop.aborted && running.size < concurrency && survey.free.length > 0) {
      const [run] = survey.free.splice(Math.floor(Math.random() * survey.free.length), 1);
      if (run === undefined) break;
      wasWaiting = false;
      const done = execute(run, options).then(({ state, hasBegun }) => {
        running.delete(run.hash);
        if (!hasBegun) unable.add(run.hash);
        if (state !== 'running') ended += 1;
        if (state === 'failed') failed += 1;
      });
      running.set(run.hash, done);
    }
    if (running.size === 0) {
      if (stop.aborted || options.once || (await isOver(directory, survey))) return { ended, failed, last: survey };
      if (!wasWaiting) options.onEvent({ type: 'waiting', counts: survey.counts });
      wasWaiting = true;
    }
    const pause = sleep(POLL_MS, undefined, { signal: stop }).catch(() => undefined);
    await Promise.race(stop.aborted ? running.values() : [pause, ...running.values()]);
  }
}

/** Nothing is free, nobody holds what may become free, and no driver is there to plan more. */
async function isOver(directory: string, { free, counts }: Survey): Promise<boolean> {
  if (free.length > 0 || counts.held > 0) return false;
  return (await liveDriver(directory)) === null;
}

/** `hasBegun`: false of one that this worker cannot execute, and had better not take again. */
async function execute(
  run: FreeRun,
  { concurrency, stop, kill, onEvent }: WorkerOptions,
): Promise<{ state: SeenState; hasBegun: boolean }> {
  onEvent({ type: 'took', run });
  const { directory, attempt: before } = run;
  let end: string;
  try {
    const threads = Math.max(1, Math.floor(availableParallelism() / concurrency));
    end = await toItsEnd(
      await startExec(directory, { ...runtimeThreads(threads), [AFTER_ATTEMPT]: `${before}` }),
      stop,
      kill,
    );
  } catch (error) {
    end = `its process could not be started (${messageOf(error)})`;
  }
  let after = await inspectRunDirectory(directory);
  if (isSilent(after, before) && !stop.aborted && (await readStopRequest(directory)) === null) {
    // Else it would be taken again and again.
    await recordFailure(directory, { code: 'KILLED', message: `${end} without a last word` }).catch(() => undefined);
    after = await inspectRunDirectory(directory);
  }
  const state = stateOf(after);
  const { attempt = 0, step = 0, error = null } = after?.status ?? {};
  const until = await readUntil(directory).catch(() => null);
  const isHeldBack = state === 'interrupted' && until !== null && step >= until;
  onEvent({ type: 'ended', run, state, step, error, isHeldBack });
  return { state, hasBegun: attempt > before || state === 'running' || isFinished(state) };
}

/** Whether a process has left no word of its end. What is finished has come to that elsewhere, as by the driver that gave it up. */
export function isSilent(found: RunSnapshot | null, before: number): boolean {
  const state = stateOf(found);
  if (state === 'running' || isFinished(state)) return false;
  return state === 'killed' || (found?.status?.attempt ?? 0) === before;
}

async function toItsEnd(child: ChildProcess, stop: AbortSignal, kill: AbortSignal): Promise<string> {
  const exited = once(child, 'exit');
  const over = new AbortController();
  const onAbort = (signal: AbortSignal, name: NodeJS.Signals) => {
    if (signal.aborted) child.kill(name);
    else signal.addEventListener('abort', () => child.kill(name), { once: true, signal: over.signal });
  };
  onAbort(stop, 'SIGTERM');
  onAbort(kill, 'SIGKILL');
  await exited;
  over.abort();
  return endOf(child);
}
