// Requests that their maker gives up.

import { setMaxListeners } from 'node:events';

/** The outcome of the work, unless the signal is aborted first: then a rejection with its reason. The work is not stopped by this. */
export function unlessAborted<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (signal === undefined) return work;
  // Any number of requests may hang on one signal; Node takes more than ten for a leak.
  setMaxListeners(0, signal);
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
