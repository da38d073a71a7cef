// Time as the client sees it: what is measured, and what is waited for.

import { setTimeout } from 'node:timers/promises';

export interface Clock {
  /** Milliseconds of a clock that goes forward. */
  now(): number;
  /** Rejects with the signal's reason when that is aborted first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  async sleep(milliseconds, signal) {
    try {
      await setTimeout(milliseconds, undefined, { signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    }
  },
};
