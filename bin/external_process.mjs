// Runs a command between the pipes of this process, and ends it with all that it has started when whoever asked for it has ended.
// Started by src/rl/external/process.ts, in a group of its own. Arguments: the process that asks, the command and its arguments.

import { spawn } from 'node:child_process';

const POLL_MS = 500;
const NOT_FOUND = 127;

const [asker, command, ...args] = process.argv.slice(2);
const child = spawn(command, args, { stdio: 'inherit' });
child.once('error', ({ code, message }) => {
  process.stderr.write(code === 'ENOENT' ? `there is no command "${command}"\n` : `${message}\n`);
  process.exit(NOT_FOUND);
});
child.once('exit', (code, signal) => {
  if (signal === null) process.exit(code);
  process.kill(process.pid, signal);
});
setInterval(() => {
  if (process.ppid !== Number(asker)) process.kill(-process.pid, 'SIGKILL');
}, POLL_MS);
