// Whether a process still writes to a run directory, told from its lease: a run that is `running` without one was killed.

import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { RunDirectory } from './discover.ts';
import { readJsonObject } from './json_files.ts';

/** Silence after which a writer that cannot be looked at, on another host, is taken for dead. Heartbeats come every few seconds. */
const SILENCE_LIMIT_MS = 60_000;

/** A takeover leaves `lease` to the dead writer for a moment and stands beside it as `lease.after-…`. */
const LEASE_FILE = /^lease(\.after-.*)?$/;

export function isLive({ directory, files }: RunDirectory): boolean {
  return [...files].some((name) => LEASE_FILE.test(name) && holderIsLive(join(directory, name)));
}

function holderIsLive(path: string): boolean {
  const { host, pid, boot_id, pid_namespace, process_started } = readJsonObject(path).value ?? {};
  if (typeof pid !== 'number') return false;
  const visible = host === hostname() && pid_namespace === systemText(() => readlinkSync('/proc/self/ns/pid'));
  if (!visible) return Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) < SILENCE_LIMIT_MS;
  if (boot_id !== systemText(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'))) return false;
  const started = startOf(pid);
  return exists(pid) && (started === '' || started === process_started);
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // A process of another user may not be signalled, but it is there.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Start of a process in clock ticks since boot, the 22nd field of proc(5)'s stat; empty where there is no /proc. */
function startOf(pid: number): string {
  const stat = systemText(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The second field is the command in parentheses and may hold anything, so fields are counted behind it.
  const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' ? 'dead' : (rest[18] ?? '');
}

function systemText(read: () => string): string {
  try {
    return read().trim();
  } catch {
    return '';
  }
}
