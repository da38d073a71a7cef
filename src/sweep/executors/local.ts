// Runs on this machine: a process each, so that a crash of one never touches another, with the cores divided between them.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { type Executor, executorSlot, type ProcessEnd, type RunSignals } from '../executor.ts';
import { parseRunProgress, type RunProgress } from '../run_event.ts';

export const localExecutor = defineBuilder({
  slot: executorSlot,
  name: 'local',
  version: 1,
  doc: 'On this machine, a process a run, with the cores divided between those that run at a time.',
  params: Type.Object({}),
  build: (_params, { maxConcurrency }): Executor => {
    const threads = Math.max(1, Math.floor(availableParallelism() / maxConcurrency));
    return { run: (directory, signals, onProgress) => runInProcess(directory, threads, signals, onProgress) };
  },
});

const COOKBOOK = fileURLToPath(new URL('../../../bin/run.js', import.meta.url));

async function runInProcess(
  directory: string,
  threads: number,
  { stop, kill }: RunSignals,
  onProgress: (event: RunProgress) => void,
): Promise<ProcessEnd> {
  const child = await start(directory, threads);
  const interrupt = () => child.kill('SIGTERM');
  const end = () => child.kill('SIGKILL');
  stop.addEventListener('abort', interrupt);
  kill.addEventListener('abort', end);
  try {
    if (stop.aborted) interrupt();
    if (kill.aborted) end();
    return await ended(child, onProgress);
  } finally {
    stop.removeEventListener('abort', interrupt);
    kill.removeEventListener('abort', end);
  }
}

async function start(directory: string, threads: number): Promise<ChildProcess> {
  // The log itself is handed over, not a pipe: it takes the last words of a run even when this process is gone.
  const log = await open(join(directory, 'logs.log'), 'a');
  try {
    const child = spawn(process.execPath, [COOKBOOK, 'exec', directory], {
      // Nothing is sent over the channel. It closes when this process dies, however it dies, and then the run stops too.
      stdio: ['ignore', 'pipe', log.fd, 'ipc'],
      // A process group of its own: Ctrl-C at the terminal reaches this process alone, which passes it on once.
      detached: true,
      env: {
        ...process.env,
        COOKBOOK_THREADS: `${threads}`,
        OMP_NUM_THREADS: `${threads}`,
        OMP_WAIT_POLICY: 'PASSIVE',
      },
    });
    await once(child, 'spawn');
    return child;
  } finally {
    await log.close();
  }
}

async function ended(child: ChildProcess, onProgress: (event: RunProgress) => void): Promise<ProcessEnd> {
  const exit = once(child, 'exit');
  if (child.stdout !== null) {
    for await (const line of createInterface({ input: child.stdout })) {
      const event = parseRunProgress(line);
      if (event !== null) onProgress(event);
    }
  }
  await exit;
  return { exitCode: child.exitCode, signal: child.signalCode };
}
