// Work for people's eyes only: a run does not end because a page about it could not be written.

import { messageOf } from '../util/errors.ts';
import type { TrainingEvent } from './types.ts';

/** A way to do such work. Its first failure is told; later ones are tried again each time, and not told. */
export function bestEffort(
  what: string,
  emit: (event: TrainingEvent) => void,
): (work: () => Promise<void>) => Promise<void> {
  let told = false;
  return async (work) => {
    try {
      await work();
    } catch (error) {
      if (told) return;
      told = true;
      emit({ type: 'warning', message: `${what} could not be written, and the run goes on: ${messageOf(error)}` });
    }
  };
}
