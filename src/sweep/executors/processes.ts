// The process that executes one run on this machine, and what it is started with.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { explainingFailure } from '../../util/files.ts';
import { APPEND_FLAGS } from '../../util/regular_file.ts';

export const COOKBOOK = fileURLToPath(new URL('../../../bin/run.js', import.meta.url));

/** Environment of a process that computes with so many threads. */
export function runtimeThreads(threads: number): Record<string, string> {
  return { COOKBOOK_THREADS: `${threads}`, OMP_NUM_THREADS: `${threads}`, OMP_WAIT_POLICY: 'PASSIVE' };
}

/** `cookbook exec`: it lives no longer than this process, at whose end, however it comes, it saves a checkpoint and stops. */
export async function startExec(directory: string, env: Record<string, string | undefined>): Promise<ChildProcess> {
  // The log itself is handed over, not a pipe: it takes the last words of a run even when this process is gone.
  const path = join(directory, 'logs.log');
  const log = await explainingFailure('append to', path, () => open(path, APPEND_FLAGS));
  try {
    const child = spawn(process.execPath, [COOKBOOK, 'exec', directory], {
      // Nothing is sent over the channel. It closes when this process dies, however it dies, and then the run stops too.
      stdio: ['ignore', 'ignore', log.fd, 'ipc'],
      // A process group of its own: Ctrl-C at the terminal reaches this process alone, which passes it on once.
      detached: true,
      env: { ...process.env, ...env },
    });
    await once(child, 'spawn');
    return child;
  } finally {
    await log.close();
  }
}

/** How it ended, for people. */
export function endOf({ signalCode, exitCode }: ChildProcess): string {
  return signalCode === null
    ? `its process ended with exit code ${exitCode}`
    : `its process was killed by ${signalCode}`;
}
