// Which process is which: what tells a running process from a later one that was given the same pid.

import { readFile, readlink } from 'node:fs/promises';
import { hostname } from 'node:os';
import { errorCode } from './files.ts';

/** Where a process runs and which one it is. Fields that the system does not tell are empty. */
export interface ProcessIdentity {
  host: string;
  pid: number;
  process_started: string;
  boot_id: string;
  pid_namespace: string;
}

export async function thisProcess(): Promise<ProcessIdentity> {
  return {
    host: hostname(),
    pid: process.pid,
    process_started: (await startOf(process.pid)) ?? '',
    boot_id: (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim(),
    pid_namespace: await readlink('/proc/self/ns/pid').catch(() => ''),
  };
}

/** Whether a process is running; `unknown` where this process cannot see it: on another host or in another container. */
export async function stateOf(other: ProcessIdentity): Promise<'running' | 'gone' | 'unknown'> {
  const self = await thisProcess();
  if (other.host !== self.host) return 'unknown';
  if (other.boot_id !== self.boot_id) return 'gone';
  if (other.pid_namespace !== self.pid_namespace) return 'unknown';
  if (!isRunning(other.pid)) return 'gone';
  const started = await startOf(other.pid);
  return started === null || started === other.process_started ? 'running' : 'gone';
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // A process of another user may not be signalled, but it is there.
    return errorCode(error) === 'EPERM';
  }
}

/** Start of a process in clock ticks since boot, `dead` for one that only waits to be reaped; null where there is no /proc. */
async function startOf(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  // The second field is the command in parentheses and may hold anything, so fields are counted behind it: see proc(5).
  const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? 'dead' : (rest[18] ?? null);
}
