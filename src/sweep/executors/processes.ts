// What the processes of the `local` executor are started with.

import { fileURLToPath } from 'node:url';

export const COOKBOOK = fileURLToPath(new URL('../../../bin/run.js', import.meta.url));

/** Environment of a process that computes with so many threads. */
export function runtimeThreads(threads: number): Record<string, string> {
  return { COOKBOOK_THREADS: `${threads}`, OMP_NUM_THREADS: `${threads}`, OMP_WAIT_POLICY: 'PASSIVE' };
}
