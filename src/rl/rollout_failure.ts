// Rollouts that come to nothing: why, by a name that metrics count, and the bounds on how long one is waited for.

import { unlessAborted } from '../util/abort.ts';
import { messageOf } from '../util/errors.ts';
import type { RolloutError } from './types.ts';

/** A rollout that failed for a reason of its own; whatever else an environment throws counts under the error's name. */
export class RolloutFailure extends Error {
  readonly type: string;

  constructor(type: string, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'RolloutFailure';
    this.type = type;
  }
}

/** A group that is not trained on: its strategy has given up. */
export class GroupFailure extends RolloutFailure {
  readonly rollout_errors: readonly RolloutError[];

  constructor(message: string, rollout_errors: readonly RolloutError[]) {
    super('AllTrajectoriesFailedError', message);
    this.rollout_errors = rollout_errors;
  }
}

/** What is counted of an error. Its name becomes part of a metric's, so only letters, digits and underscores stay. */
export function rolloutErrorOf(error: unknown): RolloutError {
  try {
    const name = error instanceof RolloutFailure ? error.type : error instanceof Error ? error.name : typeof error;
    const error_type = `${name}`.replaceAll(/\W+/g, '_').slice(0, 64) || 'Error';
    return { error_type, error_message: `${messageOf(error)}` };
  } catch {
    // Its name or its message cannot be read.
    return { error_type: 'Error', error_message: 'an error that cannot be told' };
  }
}

/** Longest that a timer takes, 24 days. */
const LONGEST = 2 ** 31 - 1;

/**
 * The outcome of `work`, a promise or not, which is given a signal that is aborted when its time is up or nobody waits any more.
 * @throws RolloutFailure of this type when its time is up
 */
export async function within<T>(
  seconds: number | null,
  type: string,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal | undefined) => T | Promise<T>,
): Promise<T> {
  if (seconds === null) return await unlessAborted(signal, Promise.resolve(work(signal)));
  const expiry = new AbortController();
  const expire = () => expiry.abort(new RolloutFailure(type, `it took longer than ${seconds} seconds`));
  const timer = setTimeout(expire, Math.min(1000 * seconds, LONGEST));
  const either = signal === undefined ? expiry.signal : AbortSignal.any([signal, expiry.signal]);
  try {
    return await unlessAborted(either, Promise.resolve(work(either)));
  } finally {
    clearTimeout(timer);
  }
}
