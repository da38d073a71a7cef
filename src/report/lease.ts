// Whether a process still writes to a run directory, told from its lease: a run that is `running` without one was killed.

import { join } from 'node:path';
import { holderIsLive } from '../util/liveness.ts';
import type { RunDirectory } from './discover.ts';
import { numberOf, readJsonObject, textOf } from './json_files.ts';

/** A takeover leaves `lease` to the dead writer for a moment and stands beside it as `lease.after-…`. */
const LEASE_FILE = /^lease(\.after-.*)?$/;

export function isLive({ directory, files }: RunDirectory): boolean {
  return [...files].some((name) => LEASE_FILE.test(name) && isHeld(join(directory, name)));
}

/** Fields that are missing are those of no process. */
function isHeld(path: string): boolean {
  const lease = readJsonObject(path).value ?? {};
  const pid = numberOf(lease.pid);
  if (pid === null) return false;
  return holderIsLive(path, {
    host: textOf(lease.host) ?? '',
    pid,
    process_started: textOf(lease.process_started) ?? '',
    boot_id: textOf(lease.boot_id) ?? '',
    pid_namespace: textOf(lease.pid_namespace) ?? '',
  });
}
