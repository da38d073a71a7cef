// What the tests of several machines need, and this one may not have.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

export const SSHD = '/usr/sbin/sshd';

const missing = [
  existsSync(SSHD) ? [] : ['no sshd (Debian: openssh-server)'],
  ['ssh', 'ssh-keygen', 'rsync'].filter((program) => spawnSync('which', [program]).status !== 0),
].flat();

/** Null where there is all of it. */
export const whyNoSshd = missing.length === 0 ? null : `${missing.join(', ')} here`;

/** Namespaces of processes, hosts' names, networks and mounts, as machines of their own. */
export const UNSHARE = [
  '--user',
  '--map-root-user',
  '--mount',
  '--net',
  '--uts',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
];

const tried = spawnSync('unshare', [...UNSHARE, 'true'], { encoding: 'utf8' });

export const whyNoMachines =
  tried.status === 0 ? null : `unshare gives no namespaces: ${tried.stderr?.trim() || 'there is no such program'}`;
