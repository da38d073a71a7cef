// What a command writes as a whole: a signal stops it with nothing left of it.

import { CookbookError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { stopOnSignals } from './signals.ts';

/** Writes a place that appears whole or not at all. At a signal the work is told to stop. */
export async function writtenWhole<T>(to: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = stopOnSignals();
  await stop.watched;
  try {
    return await work(stop.signal);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    throw new CookbookError(`stopped before ${shortPath(to)} was whole: nothing is left of it`, { cause: error });
  } finally {
    stop.dispose();
  }
}
