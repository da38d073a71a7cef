// What has become of a job, from what Slurm says of it and what its run has left. The run's own word goes before Slurm's. Pure.

import { isFinished } from '../../../run_files/status.ts';
import type { RunStatus } from '../../../run_files/types.ts';
import { isOver, type Listed } from './queue.ts';

/** Where a job stands in the queue. `absent`: it is not listed. */
export type Standing = { state: string; array: number | null; reason: string } | 'absent';

export function standingOf(listed: Listed | undefined, task: number): Standing {
  if (listed === undefined) return 'absent';
  const own = listed.tasks.get(task);
  if (own !== undefined) return own;
  return listed.rest === null ? 'absent' : { state: listed.rest, array: null, reason: '' };
}

/** Slurm says that it is not under way. */
export function seemsOver(standing: Standing): boolean {
  return standing === 'absent' || isOver(standing.state);
}

/** Slurm could not launch it, and lets it wait until somebody releases it. */
export function isHeldBack(standing: Standing): boolean {
  return standing !== 'absent' && standing.state === 'PENDING' && LAUNCH_HELD.test(standing.reason);
}

/** Written in either way: squeue of Slurm 22.05 has blanks, scontrol underscores. */
const LAUNCH_HELD = /^launch[ _]failed[ _]requeued[ _]held$/;

/** How often in a row it has to: a job that is requeued is not listed for a moment, or listed as what ended it. */
export function looksUntilOver(standing: Standing): number {
  return standing === 'absent' ? 3 : 2;
}

/** A run that has said itself how it ended, since it was handed over. @param attempts before that */
export function hasOwnWord(status: RunStatus | null, attempts: number): boolean {
  if (status === null) return false;
  return isFinished(status.state) || (status.state === 'failed' && status.attempt > attempts);
}

/**
 * - `again`: the job was taken from the run, which goes on in another one. - `left`: somebody has cancelled it: that is nobody's
 * failure, and it stays as it is. - `ended`: to be judged by what the run has left.
 */
export interface End {
  what: 'again' | 'left' | 'ended';
  why: string;
}

/** Ends that the run is not to blame for. */
const TAKEN = new Set(['TIMEOUT', 'NODE_FAIL', 'PREEMPTED', 'BOOT_FAIL']);

/** Reasons of a job that failed before its run could begin. */
const LAUNCH_FAILURES = new Set(['JobLaunchFailure', 'NodeDown', 'SystemFailure']);

export interface LastSeen {
  /** Name of the job in messages. */
  job: string;
  standing: Standing;
  listed: Listed | undefined;
  /** Whether it was ever seen to run. */
  hasStarted: boolean;
  status: RunStatus | null;
  /** Attempts at the run before it was handed over. */
  attempts: number;
}

/** Of a job that is over, without its run having finished or failed by its own word. */
export function endOf({ job, standing, listed, hasStarted, status, attempts }: LastSeen): End {
  const wasSaved = status?.state === 'interrupted' && status.attempt > attempts;
  if (standing === 'absent') {
    // Of an array that is listed, waiting tasks that somebody has cancelled are listed no longer.
    if (!hasStarted && listed !== undefined) return { what: 'left', why: `${job} was cancelled` };
    return { what: 'again', why: `${job} is gone from the queue` };
  }
  if (standing.state === 'CANCELLED') return { what: 'left', why: `${job} was cancelled` };
  const why = `${job} ended as ${standing.state}`;
  // Slurm says this of a process that was killed by a signal too; then the run has begun before.
  const hasBegun = status !== null && status.attempt > attempts;
  const wasLaunched = hasBegun || !LAUNCH_FAILURES.has(standing.reason);
  return { what: wasSaved || !wasLaunched || TAKEN.has(standing.state) ? 'again' : 'ended', why };
}
