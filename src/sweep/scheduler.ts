// The scheduler: brings every run of a plan to its end, with bounded concurrency. What a run came to is read from its directory.

import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatDuration } from '../run/progress.ts';
import type { ConfigurationScore } from '../run_files/configurations.ts';
import { attemptOf, inspectRunDirectory } from '../run_files/directory.ts';
import { LeaseHeldError } from '../run_files/lease.ts';
import { isFinished } from '../run_files/status.ts';
import { whyStopped } from '../run_files/stop.ts';
import { readStopRequest } from '../run_files/stop_request.ts';
import type { RunSnapshot, RunStatus } from '../run_files/types.ts';
import { type RunChange, watchRun } from '../run_files/watch.ts';
import { CookbookError, messageOf } from '../util/errors.ts';
import { Admission } from './admission.ts';
import type { Executor, Job } from './executor.ts';
import { Failures, type Halt, type OnFailure } from './failures.ts';
import type { PlannedRun } from './plan.ts';
import type { Resources } from './resources.ts';
import type { Result, Standings } from './standings.ts';
import { Submissions } from './submissions.ts';

type RunError = NonNullable<RunStatus['error']>;

/**
 * - `done`, `stopped`, `diverged`: finished. - `failed`: ended with an error, retries included. - `interrupted`: stopped, and to be
 * resumed. - `running`: another process runs it. - `pending`: never started, because the sweep was stopped.
 */
interface Verdict {
  state: RunStatus['state'];
  error: RunError | null;
}

export interface Outcome extends Verdict {
  run: PlannedRun;
  /** Where it lies: not the planned place if another sweep has just created the same run under another name. */
  directory: string;
  /** Why a study has stopped it; where it came to its own end meanwhile, nothing in its directory says so. */
  why?: string;
}

/** What a sweep tells while it goes on: what its runs do, and what each of those that end has found. */
export type SweepEvent =
  | { type: 'launched'; run: PlannedRun }
  /** It is there for whoever takes it. */
  | { type: 'offered'; run: PlannedRun }
  /** A job of a sweep that is gone still runs it, or waits to: its end is waited for, and it is gone on with from there. */
  | { type: 'attached'; run: PlannedRun; job: string }
  | { type: 'progress'; run: PlannedRun; change: RunChange }
  | { type: 'trouble'; run: PlannedRun; message: string }
  | { type: 'retrying'; run: PlannedRun; error: RunError; left: number }
  /** Another process runs it: this one waits for the end, and takes over if that one dies. */
  | { type: 'elsewhere'; run: PlannedRun }
  /** `result`: what it found; `best`: the configuration that leads, this run counted; `why`: what one that was stopped was stopped for. */
  | { type: 'settled'; outcome: Outcome; result: Result | null; best: ConfigurationScore | null; why?: string | null }
  /** Of a study: a trial that it has asked for, and its runs. */
  | { type: 'asked'; trial: number; runs: readonly PlannedRun[] }
  /** What it has asked for cannot be run: its values do not go together. */
  | { type: 'unfit'; trial: number; message: string }
  /** A run has trained as far as it may for now, and goes on if it is promoted: up to a step, or to its end. */
  | { type: 'waiting'; run: PlannedRun; step: number; value: number | null }
  | { type: 'promoted'; run: PlannedRun; until: number | null }
  /** Too large a share of the runs has failed: nothing more is launched. */
  | ({ type: 'halted' } & Halt)
  | { type: 'stopping' };

export interface SchedulerOptions {
  executor: Executor;
  standings: Standings;
  /** Where a run lies, or would. */
  locate(run: PlannedRun): Promise<string>;
  /** Makes a run lie in a directory, ready to be executed, and says in which. */
  prepare(run: PlannedRun): Promise<string>;
  /** Writes down the failure of a run whose process could not do so itself. */
  recordFailure(directory: string, error: RunError): Promise<void>;
  /** How often a run that failed is started again. */
  retries: number;
  /** When none is launched any more because others have failed for good; those that run come to their end. */
  onFailure: OnFailure;
  /** What a run takes; one object for each size. */
  resourcesOf(run: PlannedRun): Resources;
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

/** Brings runs to their end, launched in their order, a stage once those that it starts from are done. */
export async function schedule(runs: readonly PlannedRun[], options: SchedulerOptions): Promise<Outcome[]> {
  const scheduler = new Scheduler(options);
  // Each run stands behind those that it starts from.
  return await Promise.all(runs.map((run) => scheduler.follow(run).then((outcome) => scheduler.settle(outcome))));
}

/**
 * Never rejects for what a run does: none touches another. Several schedulers may work on the same directories; a run belongs to
 * whichever takes its lease.
 */
export class Scheduler {
  readonly #halt = new AbortController();
  readonly #failures: Failures;
  readonly #context: Context;
  readonly #outcomes = new Map<string, Promise<Outcome>>();

  constructor(options: SchedulerOptions) {
    const { stop, executor, onFailure, onEvent } = options;
    const launching = AbortSignal.any([stop, this.#halt.signal]);
    // Each run that is waited for listens to it.
    setMaxListeners(0, launching);
    stop.addEventListener('abort', () => onEvent({ type: 'stopping' }), { once: true });
    this.#failures = new Failures(onFailure);
    this.#context = { ...options, launching, admission: new Admission(executor), submissionsOf: bySize(executor) };
  }

  /** Aborted once nothing is to be launched any more. */
  get launching(): AbortSignal {
    return this.#context.launching;
  }

  /** What becomes of a run, once those before it that it starts from are done. @param giveUp aborted to stop this run alone */
  follow(run: PlannedRun, giveUp?: AbortSignal): Promise<Outcome> {
    const outcome = behind(run, this.#outcomes, this.#context, giveUp);
    this.#outcomes.set(run.hash, outcome);
    return outcome;
  }

  /** Counts a run that is not gone on with, and tells of it. */
  async settle(outcome: Outcome): Promise<Outcome> {
    const { onFailure, standings, onEvent } = this.#context;
    const halted = this.#failures.add(outcome.state);
    if (halted !== null && !this.launching.aborted) {
      this.#halt.abort();
      if (typeof onFailure !== 'string') onEvent({ type: 'halted', ...halted });
    }
    const result = await standings.add(outcome.run, outcome.directory, outcome.state);
    const why = outcome.state === 'stopped' ? (outcome.why ?? whyStopped(outcome.directory)) : null;
    onEvent({ type: 'settled', outcome, result, best: standings.best, why });
    return outcome;
  }
}

function bySize(executor: Executor): (size: Resources) => Submissions {
  const known = new Map<Resources, Submissions>();
  return (size) => {
    const submissions = known.get(size) ?? new Submissions(executor, size);
    known.set(size, submissions);
    return submissions;
  };
}

/** Follows a run once the stages that it starts from are done; without them it does not start. */
async function behind(
  run: PlannedRun,
  outcomes: ReadonlyMap<string, Promise<Outcome>>,
  context: Context,
  giveUp: AbortSignal | undefined,
): Promise<Outcome> {
  const missing: string[] = [];
  let isHopeless = false;
  for (const { stage, hash, directory } of run.after) {
    const state = (await outcomes.get(hash))?.state ?? resultOf(await inspectRunDirectory(directory)).state;
    // It would diverge again.
    isHopeless ||= state === 'diverged';
    if (state !== 'done' && state !== 'stopped') missing.push(`the stage ${stage} it starts from ${STANDS[state]}`);
  }
  if (missing.length === 0) return await new Course(run, context, giveUp).follow();
  const error = { code: 'MISSING_STAGE', message: missing.join(', ') };
  if (isHopeless) return { run, directory: run.directory, state: 'failed', error };
  return { run, directory: run.directory, state: 'pending', error: context.launching.aborted ? null : error };
}

/** What keeps those that start from a stage. */
const STANDS: Record<Exclude<RunStatus['state'], 'done' | 'stopped'>, string> = {
  pending: 'has not started',
  running: 'is run by another process',
  diverged: 'diverged',
  failed: 'failed',
  interrupted: 'was interrupted',
};

interface Context extends SchedulerOptions {
  admission: Admission;
  submissionsOf(size: Resources): Submissions;
  /** Aborted once nothing is to be launched any more. */
  launching: AbortSignal;
}

/** What a look at a run came to. `attached`: it was another sweep's job that ended, so what it left undone is still to be done. */
interface Pass extends Verdict {
  attached: boolean;
}

/** What a job came to. `wasLeft`: somebody else has ended it on purpose. */
interface Accompanied extends Verdict {
  wasLeft: boolean;
}

/** One run on its way through attempts, other processes' attempts and waiting, to its outcome. */
class Course {
  readonly #run: PlannedRun;
  readonly #context: Context;
  readonly #giveUp: AbortSignal | undefined;
  #directory: string;
  /** The last attempt whose end is accounted for. */
  #attempts: number;

  constructor(run: PlannedRun, context: Context, giveUp: AbortSignal | undefined) {
    this.#run = run;
    this.#context = context;
    this.#giveUp = giveUp;
    this.#directory = run.directory;
    this.#attempts = attemptOf(run.found);
  }

  async follow(): Promise<Outcome> {
    const { admission, launching, retries, onEvent, resourcesOf } = this.#context;
    const run = this.#run;
    const size = resourcesOf(run);
    for (let failures = 0; ; ) {
      const { attached, ...result } = await admission.run(size, () => this.#pass());
      const isLeft = result.state === 'interrupted' || result.state === 'pending';
      if (attached && isLeft && !launching.aborted) continue;
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
  async #pass(): Promise<Pass> {
    try {
      const run = this.#run;
      this.#directory = await this.#context.locate(run);
      const before = await inspectRunDirectory(this.#directory);
      const known = resultOf(before);
      if (isFinished(known.state)) return { ...known, attached: false };
      if (before !== null && !before.live && (await readStopRequest(this.#directory)) !== null) {
        return { ...known, attached: false };
      }
      const job = before === null ? null : await this.#context.executor.attach(this.#directory);
      if (job === null) {
        // To look for a job takes a queue seconds, and it may have ended in them.
        const now = before === null ? null : await inspectRunDirectory(this.#directory);
        const result = resultOf(now);
        return { ...(isFinished(result.state) ? result : await this.#attempt(now, result)), attached: false };
      }
      this.#context.onEvent({ type: 'attached', run, job: job.description });
      const { wasLeft, ...verdict } = await this.#accompany(job, 'attached');
      return { ...verdict, attached: !wasLeft };
    } catch (error) {
      if (error instanceof LeaseHeldError) return { state: 'running', error: null, attached: false };
      const code = error instanceof CookbookError ? error.code : 'INTERNAL';
      return { state: 'failed', error: { code, message: messageOf(error) }, attached: false };
    }
  }

  async #attempt(before: RunSnapshot | null, known: Verdict): Promise<Verdict> {
    const { launching, prepare, submissionsOf, resourcesOf } = this.#context;
    if (known.state === 'running') return known;
    // What failed since the plan was made was another process's attempt. It counts like one of ours.
    const failedElsewhere = known.state === 'failed' && attemptOf(before) > this.#attempts;
    this.#attempts = attemptOf(before);
    if (failedElsewhere || launching.aborted) return known;
    let job: Job;
    try {
      job = await submissionsOf(resourcesOf(this.#run)).submit(async () => {
        this.#directory = await prepare(this.#run);
        launching.throwIfAborted();
        return this.#directory;
      });
    } catch (error) {
      // The sweep was stopped while the run was prepared.
      if (launching.aborted && error === launching.reason) return known;
      throw error;
    }
    const { wasLeft: _, ...verdict } = await this.#accompany(job, 'ours');
    return verdict;
  }

  /** To the end of a job, passing on what it is to be told, and what it came to. */
  async #accompany(job: Job, whose: 'ours' | 'attached'): Promise<Accompanied> {
    const { executor, timeoutMs, graceMs, stop, kill, onEvent } = this.#context;
    const run = this.#run;
    const expired = new AbortController();
    const overdue = new AbortController();
    const unreached = (error: unknown) => onEvent({ type: 'trouble', run, message: messageOf(error) });
    const forget = [
      onAbort(AbortSignal.any([stop, expired.signal, ...(this.#giveUp === undefined ? [] : [this.#giveUp])]), () =>
        job.stop().catch(unreached),
      ),
      onAbort(AbortSignal.any([kill, overdue.signal]), () => job.kill().catch(unreached)),
    ];
    // A queue may hold thousands that wait: none of them has anything to be watched, or to be late with.
    await job.started;
    if (whose === 'ours') onEvent({ type: job.isOffer ? 'offered' : 'launched', run });
    const timers =
      timeoutMs === null
        ? []
        : [setTimeout(() => expired.abort(), timeoutMs), setTimeout(() => overdue.abort(), timeoutMs + graceMs)];
    const watch = watchRun(this.#directory, (change) => onEvent({ type: 'progress', run, change }), {
      pollMs: executor.watchMs,
    });
    const end = await job.ended;
    for (const timer of timers) clearTimeout(timer);
    for (const each of forget) each();
    await watch.close();
    const after = await inspectRunDirectory(this.#directory);
    this.#attempts = attemptOf(after);
    const verdict = await this.#judge(after, whose === 'ours' ? end : null, expired.signal.aborted);
    return { ...verdict, wasLeft: end === null };
  }

  /**
   * What an attempt came to, by the run's own word where it left one.
   * @param end what is known of the end of its job; null for one that is gone on with however it ended
   */
  async #judge(after: RunSnapshot | null, end: string | null, timedOut: boolean): Promise<Verdict> {
    const { stop, kill, timeoutMs, recordFailure } = this.#context;
    const result = resultOf(after);
    if (result.state !== 'interrupted' && result.state !== 'pending') return result;
    if (timedOut && timeoutMs !== null) {
      const message = `did not end within its timeout of ${formatDuration(timeoutMs / 1000)}`;
      await recordFailure(this.#directory, { code: 'TIMEOUT', message });
      return { state: 'failed', error: { code: 'TIMEOUT', message } };
    }
    // One that was told to stop before it could listen has nothing to say, and nothing to be blamed for.
    const wasAsked = stop.aborted || kill.aborted || this.#giveUp?.aborted === true;
    if (end === null || wasAsked || after?.status?.state === 'interrupted') return result;
    return { state: 'failed', error: { code: 'KILLED', message: `${end} without a last word` } };
  }
}

/** Calls back once a signal is aborted, at once if it is; returns what ends that. */
function onAbort(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) callback();
  else signal.addEventListener('abort', callback, { once: true });
  return () => signal.removeEventListener('abort', callback);
}

/** What a run directory says. A run that claims to be running and has no live process was killed, and can be resumed. */
function resultOf(snapshot: RunSnapshot | null): Verdict {
  if (snapshot?.live === true) return { state: 'running', error: null };
  const state = snapshot?.status?.state ?? 'pending';
  return { state: state === 'running' ? 'interrupted' : state, error: snapshot?.status?.error ?? null };
}

/** Resolves when no process holds the run any more, or when there is no more use in waiting. */
async function released(directory: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && (await inspectRunDirectory(directory))?.live === true) {
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}
