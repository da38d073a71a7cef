// How bubblewrap is called: an empty machine with the programs of this one, read-only, and nothing else of it.

import type { SandboxLimits } from '../types.ts';

export interface Mount {
  /** On this machine. */
  from: string;
  /** In the sandbox. */
  to: string;
  writable?: boolean;
}

export interface Contained {
  command: readonly string[];
  /** Where it runs, in the sandbox. */
  directory: string;
  /** Beside /usr. */
  mounts: readonly Mount[];
  limits: SandboxLimits;
  /** What the interpreter reserves at its start and mostly does not take, beside its limit. */
  reserved_mb?: number;
}

export const WORK = '/tmp/work';

const MEBIBYTE = 2 ** 20;
const SHARED_MEMORY_BYTES = 16 * MEBIBYTE;
const OPEN_FILES = 256;
/** Python and Node look here for what they would otherwise warn of, or start more slowly without. */
const SYSTEM_FILES = ['/etc/alternatives', '/etc/ld.so.cache', '/etc/ssl/certs'];

/** @param status_fd where bubblewrap tells which process it started, and how that ended */
export function bwrapArguments(contained: Contained, status_fd: number): string[] {
  const { command, directory, mounts, limits, reserved_mb = 0 } = contained;
  const data = String((limits.memory_mb + reserved_mb) * MEBIBYTE);
  const bytes = String(limits.memory_mb * MEBIBYTE);
  return [
    // No process, user, network, message queue or host name of this machine is seen, and no further namespace can be made.
    ...['--unshare-all', '--unshare-user', '--disable-userns', '--uid', '1000', '--gid', '1000', '--cap-drop', 'ALL'],
    ...['--die-with-parent', '--new-session', '--hostname', 'sandbox', '--json-status-fd', String(status_fd)],
    ...['--clearenv', '--setenv', 'PATH', '/usr/local/bin:/usr/bin:/bin', '--setenv', 'HOME', directory],
    ...['--setenv', 'LANG', 'C.UTF-8', '--setenv', 'PYTHONHASHSEED', '0'],
    ...['--ro-bind', '/usr', '/usr'],
    ...['bin', 'sbin', 'lib', 'lib64'].flatMap((name) => ['--symlink', `usr/${name}`, `/${name}`]),
    ...SYSTEM_FILES.flatMap((path) => ['--ro-bind-try', path, path]),
    ...['--proc', '/proc', '--dev', '/dev', '--size', String(SHARED_MEMORY_BYTES), '--tmpfs', '/dev/shm'],
    // Files in memory count: there is no place to write to beside this one, and it has a size.
    ...['--size', bytes, '--tmpfs', '/tmp', '--dir', WORK],
    ...mounts.flatMap(({ from, to, writable = false }) => [writable ? '--bind' : '--ro-bind', from, to]),
    // Where this process is the root user's, settings of the kernel in /proc are its own to change: it has to be read-only.
    ...['--remount-ro', '/proc', '--remount-ro', '/dev', '--remount-ro', '/', '--chdir', directory, '--'],
    ...['prlimit', `--data=${data}`, '--core=0', `--fsize=${bytes}`, `--nofile=${OPEN_FILES}`],
    ...[`--cpu=${Math.ceil(limits.seconds) + 1}`, `--nproc=${limits.processes}`, '--'],
    ...command,
  ];
}
