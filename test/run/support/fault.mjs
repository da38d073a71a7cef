// Preloaded into a process under test: sends it a signal right before its N-th call on a file below a directory.
// FAULT is `SIGNAL:N`, FAULT_DIRECTORY the directory. SIGSTOP counts every call, since others act while the process stands
// still; SIGKILL only those that change something, since dying before any other is dying before the next of those.
// With N = 0 nothing happens. The number of calls is written to stderr at the end.

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { FAULT, FAULT_DIRECTORY } = process.env;
const [signal, at] = FAULT.split(':');
const { openSync, writeSync } = fs;
const { open } = fs.promises;
const handles = new WeakSet();
const descriptors = new Set();
let calls = 0;

function beforeCall(changesSomething) {
  if (signal === 'SIGKILL' && !changesSomething) return;
  calls += 1;
  if (calls !== Number(at)) return;
  if (signal === 'SIGSTOP') writeSync(1, 'stopped\n');
  process.kill(process.pid, signal);
}

const isBelow = (path) => String(path).startsWith(FAULT_DIRECTORY);
const byPath = (_self, path) => isBelow(path);
const byHandle = (self) => handles.has(self);
const byDescriptor = (_self, descriptor) => descriptors.has(descriptor);

// Flags that are a number have the access mode in their last two bits.
const isReading = (flags) => (typeof flags === 'number' ? (flags & 3) === 0 : flags === 'r');

function intercept(object, names, isWatched, changesSomething) {
  for (const name of names) {
    const original = object[name];
    object[name] = function (...args) {
      if (isWatched(this, args[0])) beforeCall(changesSomething);
      return original.apply(this, args);
    };
  }
}

const handle = await open('/dev/null');
await handle.close();
const prototype = Object.getPrototypeOf(handle);
intercept(prototype, ['write', 'writeFile', 'truncate'], byHandle, true);
intercept(prototype, ['readFile', 'sync', 'close'], byHandle, false);
intercept(fs, ['writeSync', 'ftruncateSync'], byDescriptor, true);
intercept(fs, ['fsyncSync', 'closeSync'], byDescriptor, false);
intercept(fs.promises, ['rename', 'link', 'rm', 'mkdir', 'writeFile', 'appendFile', 'utimes'], byPath, true);
intercept(fs.promises, ['readdir', 'readFile'], byPath, false);

fs.promises.open = async (path, flags, ...rest) => {
  if (isBelow(path)) beforeCall(!isReading(flags));
  const opened = await open(path, flags, ...rest);
  if (isBelow(path)) handles.add(opened);
  return opened;
};
fs.openSync = (path, flags, ...rest) => {
  if (isBelow(path)) beforeCall(!isReading(flags));
  const opened = openSync(path, flags, ...rest);
  if (isBelow(path)) descriptors.add(opened);
  else descriptors.delete(opened);
  return opened;
};
syncBuiltinESMExports();

process.on('exit', () => writeSync(2, `${calls} calls\n`));
