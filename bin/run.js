#!/usr/bin/env node
import { handle, run } from '@oclif/core';

/** Output that cannot be written is told in one line and makes the command fail; what it was doing goes on to its end. */
for (const [stream, name] of [
  [process.stdout, 'standard output'],
  [process.stderr, 'standard error'],
]) {
  // oclif's own listener throws.
  stream.removeAllListeners('error');
  stream.on('error', ({ code, message }) => {
    // Whoever reads has had enough, as `head` has.
    if (code === 'EPIPE') return;
    process.on('exit', () => {
      process.exitCode ||= 1;
    });
    if (stream === process.stdout) process.stderr.write(`cannot write to ${name}: ${message}\n`);
  });
}

try {
  await run(process.argv.slice(2), import.meta.url);
} catch (error) {
  if (error?.code === 'EMFILE') {
    // Nothing more can be loaded that would tell of it.
    process.stderr.write('too many files are open\nAllow more open files: ulimit -n 1024.\n');
    process.exitCode = 1;
  } else {
    await handle(error);
  }
}
// What a plugin keeps going, such as an interval, would keep the process from ending; what a slow reader has yet to take may.
for (const stream of [process.stdout, process.stderr]) await new Promise((taken) => stream.write('', taken));
setTimeout(() => process.exit(), 1000).unref();
