// Runs on this machine: a process each, so that a crash of one never touches another, with the cores divided between them.

import { open } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Type } from '@sinclair/typebox';
import { isJsonObject } from '../../json.ts';
import { defineBuilder } from '../../registry/builder.ts';
import type { RunEvent } from '../../run/events.ts';
import { type Executor, executorSlot, type ProcessEnd, type RunSignals } from '../executor.ts';

export const localExecutor = defineBuilder({
  slot: executorSlot,
  name: 'local',
  version: 1,
  doc: 'A process a run on this machine, with the cores divided between the runs that run at a time.',
  params: Type.Object({}),
  build: (_params, { maxConcurrency }): Executor => {
    const threads = Math.max(1, Math.floor(availableParallelism() / maxConcurrency));
    return { run: (directory, signals, onEvent) => runInProcess(directory, threads, signals, onEvent) };
  },
});

const COOKBOOK = fileURLToPath(new URL('../../../bin/run.js', import.meta.url));

async function runInProcess(
  directory: string,
  threads: number,
  { stop, kill }: RunSignals,
  onEvent: (event: RunEvent) => void,
): Promise<ProcessEnd> {
  const { execa } = await import('execa');
  // The log is handed to the process itself: it must take the last words of a run even when this process is gone.
  const log = await open(join(directory, 'logs.log'), 'a');
  const child = execa(process.execPath, [COOKBOOK, 'exec', directory], {
    env: { COOKBOOK_THREADS: `${threads}`, OMP_NUM_THREADS: `${threads}`, OMP_WAIT_POLICY: 'PASSIVE' },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: log.fd,
    // The channel carries nothing. It closes when this process dies, however it dies, and then the run stops too.
    ipc: true,
    // A process group of its own: the terminal's Ctrl-C reaches this process alone, which passes it on once.
    detached: true,
    cleanup: false,
    buffer: false,
    reject: false,
  });
  const interrupt = () => child.kill('SIGTERM');
  const end = () => child.kill('SIGKILL');
  try {
    stop.addEventListener('abort', interrupt);
    kill.addEventListener('abort', end);
    if (stop.aborted) interrupt();
    if (kill.aborted) end();
    for await (const line of child) {
      const event = parseEvent(line);
      if (event !== null) onEvent(event);
    }
    const { exitCode = null, signal = null } = await child;
    return { exitCode, signal };
  } finally {
    stop.removeEventListener('abort', interrupt);
    kill.removeEventListener('abort', end);
    await log.close();
  }
}

function parseEvent(line: string): RunEvent | null {
  return null;
}
