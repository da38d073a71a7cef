// Starts a process that takes the lease of a directory, kills it, and then blocks for ever, so that nobody reaps the dead one.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const child = spawn(process.execPath, [fileURLToPath(new URL('lease_process.mjs', import.meta.url))]);
await once(child.stdout, 'data');
child.stdin.write(`take ${process.argv[2]}\n`);
await once(child.stdout, 'data');
child.kill('SIGKILL');
while (!readFileSync(`/proc/${child.pid}/stat`, 'utf8').includes(') Z '));
console.log('dead');
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
