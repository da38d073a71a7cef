// What a command writes as a whole: a signal stops it with nothing left of it.

import { shortPath } from '../util/files.ts';
import { stoppable } from './stoppable.ts';

/** Writes a place that appears whole or not at all. At a signal the work is told to stop. */
export async function writtenWhole<T>(to: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return await stoppable(`stopped before ${shortPath(to)} was whole: nothing is left of it`, work);
}
