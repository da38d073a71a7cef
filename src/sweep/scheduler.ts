// The scheduler: brings every run of a plan to its end with bounded concurrency. What a run came to is read from its directory.

import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit, { type LimitFunction } from 'p-limit';
import { CookbookError, messageOf } from '../errors.ts';
import { inspectRunDirectory } from '../run/directory.ts';
import type { RunEvent } from '../run/events.ts';
import type { RunSnapshot } from '../run/types.ts';
import type { Executor, ProcessEnd } from './executor.ts';
import type { PlannedRun } from './plan.ts';

/**
 * - `done`, `diverged`: finished. - `failed`: ended with an error, retries included. - `interrupted`: stopped and to be
 * resumed. - `elsewhere`: another process still runs it. - `pending`: never started, because the sweep was stopped.
 */
export type OutcomeState = 'done' | 'diverged' | 'failed' | 'interrupted' | 'elsewhere' | 'pending';

export interface Outcome {
  run: PlannedRun;
  state: OutcomeState;
  error: RunError | null;
}

interface RunError {
  code: string;
  message: string;
}

export type SweepEvent =
  | { type: 'launched'; run: PlannedRun }
  | { type: 'progress'; run: PlannedRun; event: RunEvent }
  | { type: 'retrying'; run: PlannedRun; error: RunError; left: number }
  /** Another process runs it: this one waits for it, and takes over if it dies. */
  | { type: 'elsewhere'; run: PlannedRun }
  | { type: 'settled'; outcome: Outcome }
  | { type: 'stopping' };

export interface SchedulerOptions {
  executor: Executor;
  /** Creates the run directory unless it is there. */
  prepare(run: PlannedRun): Promise<void>;
  /** Records the error of a run whose process had no chance to. */
  recordFailure(directory: string, error: RunError): Promise<void>;
  maxConcurrency: number;
  /** How often a run that failed is started again. */
  retries: number;
  /** `stop`: once a run has failed for good none is launched any more; those that run go on to their end. */
  onFailure: 'continue' | 'stop';
  timeoutMs: number | null;
  /** Time that a run has for its last step and checkpoint once its timeout is over. */
  graceMs: number;
  /** Aborted to stop: nothing is launched, runs save a checkpoint and end. */
  stop: AbortSignal;
  /** Aborted to end every run at once. */
  kill: AbortSignal;
  onEvent(event: SweepEvent): void;
}

/** How often a run that another process holds is looked at. */
const POLL_MS = 500;

/**
 * Runs what a plan found unfinished, in its order. Never rejects for what a run does: a crash of one touches no other.
 * Several schedulers may work on the same directories, each run goes to whichever takes its lease first.
 */
export async function schedule(runs: readonly PlannedRun[], options: SchedulerOptions): Promise<Outcome[]> {
  const { stop, kill, onEvent } = options;
  stop.addEventListener('abort', () => onEvent({ type: 'stopping' }), { once: true });
  const limit = pLimit(options.maxConcurrency);
  const halt = new AbortController();
  const launching = AbortSignal.any([stop, halt.signal]);
  // One listener a run that is waited for is no leak.
  setMaxListeners(0, launching);
  return await Promise.all(
    runs.map(async (run) => {
      const outcome = await settle(run, { ...options, launching, limit });
      if (outcome.state === 'failed' && options.onFailure === 'stop') halt.abort();
      onEvent({ type: 'settled', outcome });
      return outcome;
    }),
  );
}

interface Context extends SchedulerOptions {
  limit: LimitFunction;
  /** Aborted once nothing is to be launched any more. */
  launching: AbortSignal;
}

/** What one pass over a run came to. */
type Pass = { state: OutcomeState; error: RunError | null };

async function settle(run: PlannedRun, context: Context): Promise<Outcome> {
  const { limit, launching, retries, onEvent } = context;
  const counted = { attempt: run.attempt };
  for (let failures = 0; ; ) {
    const pass = await limit(() => once(run, counted, context));
    if (pass.state === 'elsewhere' && !launching.aborted) {
      onEvent({ type: 'elsewhere', run });
      await released(run.directory, launching);
    } else if (pass.state === 'failed' && pass.error !== null && failures < retries && !launching.aborted) {
      failures += 1;
      onEvent({ type: 'retrying', run, error: pass.error, left: retries - failures });
    } else {
      return { run, ...pass };
    }
  }
}

/** One look at a run and, where it is called for, one attempt at it. */
async function once(run: PlannedRun, counted: { attempt: number }, context: Context): Promise<Pass> {
  try {
    const before = await inspectRunDirectory(run.directory);
    const known = read(before);
    if (known.state === 'done' || known.state === 'diverged' || known.state === 'elsewhere') return known;
    // A failure since the plan was made was another process's attempt: it counts like one of ours.
    const failedElsewhere = known.state === 'failed' && attemptOf(before) > counted.attempt;
    counted.attempt = attemptOf(before);
    if (failedElsewhere || context.launching.aborted) return known;
    await context.prepare(run);
    context.onEvent({ type: 'launched', run });
    const end = await launch(run, context);
    const after = await inspectRunDirectory(run.directory);
    counted.attempt = attemptOf(after);
    return await judge(run, after, end, context);
  } catch (error) {
    const code = error instanceof CookbookError ? error.code : 'INTERNAL';
    return { state: 'failed', error: { code, message: messageOf(error) } };
  }
}

/** What a run directory says. A run that claims to be running and has no live process was killed, and can be resumed. */
function read(snapshot: RunSnapshot | null): Pass {
  if (snapshot?.live === true) return { state: 'elsewhere', error: null };
  const state = snapshot?.status?.state ?? 'pending';
  return { state: state === 'running' ? 'interrupted' : state, error: snapshot?.status?.error ?? null };
}

function attemptOf(snapshot: RunSnapshot | null): number {
  return snapshot?.status?.attempt ?? 0;
}

interface Ended extends ProcessEnd {
  timedOut: boolean;
}

async function launch(run: PlannedRun, { executor, timeoutMs, graceMs, stop, kill, onEvent }: Context): Promise<Ended> {
  const expired = new AbortController();
  const overdue = new AbortController();
  const timers =
    timeoutMs === null
      ? []
      : [setTimeout(() => expired.abort(), timeoutMs), setTimeout(() => overdue.abort(), timeoutMs + graceMs)];
  try {
    const signals = {
      stop: AbortSignal.any([stop, expired.signal]),
      kill: AbortSignal.any([kill, overdue.signal]),
    };
    const end = await executor.run(run.directory, signals, (event) => onEvent({ type: 'progress', run, event }));
    return { ...end, timedOut: expired.signal.aborted };
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}

/** What an attempt came to, by the run's own word where it left one. */
async function judge(run: PlannedRun, after: RunSnapshot | null, end: Ended, context: Context): Promise<Pass> {
  const pass = read(after);
  if (pass.state === 'done' || pass.state === 'diverged' || pass.state === 'failed') return pass;
  if (pass.state === 'elsewhere' || context.kill.aborted) return pass;
  if (end.timedOut) {
    const error = { code: 'TIMEOUT', message: `did not end within its timeout of ${formatDuration((context.timeoutMs ?? 0) / 1000)}` };
    await context.recordFailure(run.directory, error);
    return { state: 'failed', error };
  }
  if (after?.status?.state === 'interrupted') return pass;
  const how = end.signal === null ? `ended with exit code ${end.exitCode}` : `was killed by ${end.signal}`;
  return { state: 'failed', error: { code: 'KILLED', message: `its process ${how}; see logs.log` } };
}

/** Resolves when no process holds the run any more, or when there is no more use in waiting. */
async function released(directory: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await inspectRunDirectory(directory))?.live === true) {
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}
