// The scheduler: brings every run of a plan to its end, so many at a time. What a run came to is read from its directory.

import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit, { type LimitFunction } from 'p-limit';
import { formatDuration } from '../run/progress.ts';
import { inspectRunDirectory } from '../run_files/directory.ts';
import type { RunSnapshot, RunStatus } from '../run_files/types.ts';
import { CookbookError, messageOf } from '../util/errors.ts';
import type { Executor, ProcessEnd } from './executor.ts';
import type { PlannedRun } from './plan.ts';
import type { RunProgress } from './run_event.ts';

type RunError = NonNullable<RunStatus['error']>;

/**
 * - `done`, `diverged`: finished. - `failed`: ended with an error, retries included. - `interrupted`: stopped, and to be
 * resumed. - `running`: another process runs it. - `pending`: never started, because the sweep was stopped.
 */
interface Result {
  state: RunStatus['state'];
  error: RunError | null;
}

export interface Outcome extends Result {
  run: PlannedRun;
  /** Where it lies: not the planned place if another sweep has just created the same run under another name. */
  directory: string;
}

export type SweepEvent =
  | { type: 'launched'; run: PlannedRun }
  | { type: 'progress'; run: PlannedRun; event: RunProgress }
  | { type: 'retrying'; run: PlannedRun; error: RunError; left: number }
  /** Another process runs it: this one waits for the end, and takes over if that one dies. */
  | { type: 'elsewhere'; run: PlannedRun }
  | { type: 'settled'; outcome: Outcome }
  | { type: 'stopping' };

export interface SchedulerOptions {
  executor: Executor;
  /** Where a run lies, or would. */
  locate(run: PlannedRun): Promise<string>;
  /** Makes a run lie in a directory, ready to be executed, and says in which. */
  prepare(run: PlannedRun): Promise<string>;
  /** Writes down the failure of a run whose process could not do so itself. */
  recordFailure(directory: string, error: RunError): Promise<void>;
  maxConcurrency: number;
  /** How often a run that failed is started again. */
  retries: number;
  /** `stop`: once a run has failed for good, none is launched any more; those that run come to their end. */
  onFailure: 'continue' | 'stop';
  /** Time that one attempt may take, and then the time for its last step and checkpoint. */
  timeoutMs: number | null;
  graceMs: number;
  /** Aborted to stop: nothing more is launched, and what runs saves a checkpoint and ends. */
  stop: AbortSignal;
  /** Aborted to end what runs at once. */
  kill: AbortSignal;
  onEvent(event: SweepEvent): void;
}

/** How often a run that another process holds is looked at. */
const POLL_MS = 500;

/**
 * Brings runs to their end, launched in their order. Never rejects for what a run does: none touches another. Several
 * schedulers may work on the same directories; a run belongs to whichever takes its lease.
 */
export async function schedule(runs: readonly PlannedRun[], options: SchedulerOptions): Promise<Outcome[]> {
  const { stop, onEvent } = options;
  const halt = new AbortController();
  const launching = AbortSignal.any([stop, halt.signal]);
  // Each run that is waited for listens to it.
  setMaxListeners(0, launching);
  stop.addEventListener('abort', () => onEvent({ type: 'stopping' }), { once: true });
  const context = { ...options, launching, limit: pLimit(options.maxConcurrency) };
  return await Promise.all(
    runs.map(async (run) => {
      const outcome = await new Course(run, context).follow();
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

/** One run on its way through attempts, other processes' attempts and waiting, to its outcome. */
class Course {
  readonly #run: PlannedRun;
  readonly #context: Context;
  #directory: string;
  /** The last attempt whose end is accounted for. */
  #attempt: number;

  constructor(run: PlannedRun, context: Context) {
    this.#run = run;
    this.#context = context;
    this.#directory = run.directory;
    this.#attempt = attemptOf(run.found);
  }

  async follow(): Promise<Outcome> {
    const { limit, launching, retries, onEvent } = this.#context;
    const run = this.#run;
    for (let failures = 0; ; ) {
      const result = await limit(() => this.#pass());
      if (result.state === 'running' && !launching.aborted) {
        onEvent({ type: 'elsewhere', run });
        await released(this.#directory, launching);
      } else if (result.state === 'failed' && result.error !== null && failures < retries && !launching.aborted) {
        failures += 1;
        onEvent({ type: 'retrying', run, error: result.error, left: retries - failures });
      } else {
        return { run, directory: this.#directory, ...result };
      }
    }
  }

  /** A look at the run and, where it is called for, an attempt at it. */
  async #pass(): Promise<Result> {
    const { launching, locate, prepare, onEvent } = this.#context;
    try {
      this.#directory = await locate(this.#run);
      const before = await inspectRunDirectory(this.#directory);
      const known = resultOf(before);
      if (known.state === 'done' || known.state === 'diverged' || known.state === 'running') return known;
      // What failed since the plan was made was another process's attempt. It counts like one of ours.
      const failedElsewhere = known.state === 'failed' && attemptOf(before) > this.#attempt;
      this.#attempt = attemptOf(before);
      if (failedElsewhere || launching.aborted) return known;
      this.#directory = await prepare(this.#run);
      onEvent({ type: 'launched', run: this.#run });
      const end = await this.#launch();
      const after = await inspectRunDirectory(this.#directory);
      this.#attempt = attemptOf(after);
      return await this.#judge(after, end);
    } catch (error) {
      if ((await inspectRunDirectory(this.#directory))?.live === true) return { state: 'running', error: null };
      const code = error instanceof CookbookError ? error.code : 'INTERNAL';
      return { state: 'failed', error: { code, message: messageOf(error) } };
    }
  }

  async #launch(): Promise<Ended> {
    const { executor, timeoutMs, graceMs, stop, kill, onEvent } = this.#context;
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
      const run = this.#run;
      const end = await executor.run(this.#directory, signals, (event) => onEvent({ type: 'progress', run, event }));
      return { ...end, timedOut: expired.signal.aborted };
    } finally {
      for (const timer of timers) clearTimeout(timer);
    }
  }

  /** What an attempt came to, by the run's own word where it left one. */
  async #judge(after: RunSnapshot | null, { timedOut, signal, exitCode }: Ended): Promise<Result> {
    const { kill, timeoutMs, recordFailure } = this.#context;
    const result = resultOf(after);
    if (result.state !== 'interrupted' && result.state !== 'pending') return result;
    if (timedOut && timeoutMs !== null) {
      const message = `did not end within its timeout of ${formatDuration(timeoutMs / 1000)}`;
      await recordFailure(this.#directory, { code: 'TIMEOUT', message });
      return { state: 'failed', error: { code: 'TIMEOUT', message } };
    }
    if (kill.aborted || after?.status?.state === 'interrupted') return result;
    const how = signal === null ? `ended with exit code ${exitCode}` : `was killed by ${signal}`;
    return { state: 'failed', error: { code: 'KILLED', message: `its process ${how} without a last word` } };
  }
}

interface Ended extends ProcessEnd {
  timedOut: boolean;
}

/** What a run directory says. A run that claims to be running and has no live process was killed, and can be resumed. */
function resultOf(snapshot: RunSnapshot | null): Result {
  if (snapshot?.live === true) return { state: 'running', error: null };
  const state = snapshot?.status?.state ?? 'pending';
  return { state: state === 'running' ? 'interrupted' : state, error: snapshot?.status?.error ?? null };
}

function attemptOf(snapshot: RunSnapshot | null): number {
  return snapshot?.status?.attempt ?? 0;
}

/** Resolves when no process holds the run any more, or when there is no more use in waiting. */
async function released(directory: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await inspectRunDirectory(directory))?.live === true) {
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}
