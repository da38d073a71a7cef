// A process that takes and releases the lease of a directory as it is told on stdin, one command a line.

import { createInterface } from 'node:readline';
import { takeLease } from '../../../dist/run_files/lease.js';

let lease;
const commands = {
  take: async (directory) => {
    lease = await takeLease(directory);
    return 'taken';
  },
  release: async () => {
    await lease.release();
    return 'released';
  },
};

process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const [command, argument] = line.split(' ');
  const answer = await commands[command](argument).catch((error) => error.message);
  process.stdout.write(`${answer}\n`);
}
