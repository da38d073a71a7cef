// Work that a person may stop and that keeps nothing of itself then: a signal ends it with a word instead of a stack.

import { CookbookError } from '../util/errors.ts';
import { stopOnSignals } from './signals.ts';

/** What a person has stopped: neither done nor failed. */
class StoppedError extends CookbookError {
  override readonly code = 'STOPPED';
  override readonly exitCode = 3;
}

/** At a signal the work is told to stop, and what it throws then is told as `message`. */
export async function stoppable<T>(message: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = stopOnSignals();
  await stop.watched;
  try {
    return await work(stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    throw new StoppedError(message, { cause: error });
  } finally {
    stop.dispose();
  }
}
