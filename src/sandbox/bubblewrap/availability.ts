// Whether bubblewrap works on this machine, and what helps where it does not.

import { WORK } from './arguments.ts';
import { runContained } from './contained.ts';

const LIMITS = { seconds: 20, memory_mb: 64, output_bytes: 4096, processes: 8 };

/** Null where it does. */
export async function bubblewrapProblem(): Promise<string | null> {
  if (process.platform !== 'linux')
    return 'bubblewrap is for Linux: set sandbox: quickjs, or sandbox: {builder: http, …}';
  const contained = { command: ['/usr/bin/true'], directory: WORK, mounts: [], limits: LIMITS };
  const { status, stderr } = await runContained(contained, {});
  return status === 'ok' ? null : explained(stderr);
}

function explained(stderr: string): string {
  if (/ENOENT/.test(stderr)) return 'bubblewrap is not installed: install it, e.g. with apt-get install bubblewrap';
  const [first = ''] = stderr.trim().split('\n');
  if (/disable-userns/.test(first)) return `this bubblewrap is too old, take 0.8 or newer: ${first}`;
  if (/namespace|uid map|Operation not permitted|Permission denied/.test(first)) {
    return (
      `this machine forbids user namespaces (${first}): allow them with ` +
      'sysctl kernel.unprivileged_userns_clone=1, or kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu; ' +
      'in a container start it with --security-opt seccomp=unconfined; or set sandbox: {builder: http, …}'
    );
  }
  return `bubblewrap does not work here: ${first || 'it says nothing of why'}`;
}
