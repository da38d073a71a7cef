// Whether the process that a lease names still runs, and is not a later one that was given the same pid.

import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { errorCode } from './files.ts';
import { isCount, isString, jsonShape } from './json_shape.ts';

/** Where a process runs and which one it is. Fields that the system does not tell are empty. */
export interface ProcessIdentity {
  host: string;
  pid: number;
  /** Tells a recycled pid from the process's own. */
  process_started: string;
  boot_id: string;
  /** Containers of one machine may share its name and boot, but then not their process ids. */
  pid_namespace: string;
}

export const processShape = jsonShape<ProcessIdentity>({
  host: isString,
  pid: isCount,
  process_started: isString,
  boot_id: isString,
  pid_namespace: isString,
});

/** Silence after which a holder that cannot be looked at is taken for dead. A training step may block the heartbeat for seconds. */
export const SILENCE_LIMIT_MS = 60_000;

export function thisProcess(): ProcessIdentity {
  return processOf(process.pid);
}

/** The process of this machine that has a pid now. */
export function processOf(pid: number): ProcessIdentity {
  return {
    host: hostname(),
    pid,
    process_started: startOf(pid) ?? '',
    boot_id: systemText(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')) ?? '',
    pid_namespace: systemText(() => readlinkSync('/proc/self/ns/pid')) ?? '',
  };
}

/**
 * Whether the holder of a lease runs. One that cannot be looked at is judged by its heartbeat, the file's modification time.
 * @param now by the clock that the file's times are of
 */
export function holderIsLive(lease: string, holder: ProcessIdentity, now: number = Date.now()): boolean {
  const state = processState(holder);
  if (state !== 'unknown') return state === 'running';
  const heartbeat = statSync(lease, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return now - heartbeat < SILENCE_LIMIT_MS;
}

/** `unknown` where this process cannot see it: on another host or in another container. */
export function processState(other: ProcessIdentity): 'running' | 'gone' | 'unknown' {
  const self = thisProcess();
  if (other.host !== self.host) return 'unknown';
  if (other.boot_id !== self.boot_id) return 'gone';
  if (other.pid_namespace !== self.pid_namespace) return 'unknown';
  if (!isRunning(other.pid)) return 'gone';
  const started = startOf(other.pid);
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
function startOf(pid: number): string | null {
  const stat = systemText(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  if (stat === null) return null;
  // The second field is the command in parentheses and may hold anything, so fields are counted behind it: see proc(5).
  const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' || state === 'X' ? 'dead' : (rest[18] ?? null);
}

function systemText(read: () => string): string | null {
  try {
    return read().trim();
  } catch {
    return null;
  }
}
