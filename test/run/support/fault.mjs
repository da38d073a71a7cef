// Preloaded into a process under test: sends it a signal right before its N-th call on a file below a directory.
// FAULT is `SIGNAL:N`, with SIGKILL or SIGSTOP; FAULT_DIRECTORY is the directory.

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { FAULT, FAULT_DIRECTORY } = process.env;
const [signal, at] = FAULT.split(':');
const { writeSync } = fs;

const PATHS = ['rename', 'link', 'rm', 'mkdir', 'readdir', 'readFile', 'writeFile', 'appendFile', 'utimes'];
const HANDLE_METHODS = ['write', 'writeFile', 'readFile', 'sync', 'truncate', 'close'];
const DESCRIPTORS = ['writeSync', 'fsyncSync', 'ftruncateSync', 'closeSync'];

let calls = 0;
function beforeCall() {
  calls += 1;
  if (calls !== Number(at)) return;
  if (signal === 'SIGSTOP') writeSync(1, 'stopped\n');
  process.kill(process.pid, signal);
}

function intercept(object, names, isWatched) {
  for (const name of names) {
    const original = object[name];
    object[name] = function (...args) {
      if (isWatched.call(this, args[0])) beforeCall();
      return original.apply(this, args);
    };
  }
}

const isBelow = (path) => String(path).startsWith(FAULT_DIRECTORY);
const handles = new WeakSet();
const descriptors = new Set();

const { open } = fs.promises;
fs.promises.open = async (path, ...rest) => {
  if (isBelow(path)) beforeCall();
  const handle = await open(path, ...rest);
  if (isBelow(path)) handles.add(handle);
  return handle;
};
const { openSync } = fs;
fs.openSync = (path, ...rest) => {
  if (isBelow(path)) beforeCall();
  const descriptor = openSync(path, ...rest);
  if (isBelow(path)) descriptors.add(descriptor);
  else descriptors.delete(descriptor);
  return descriptor;
};
const handle = await open('/dev/null');
intercept(Object.getPrototypeOf(handle), HANDLE_METHODS, function () {
  return handles.has(this);
});
await handle.close();
intercept(fs, DESCRIPTORS, (descriptor) => descriptors.has(descriptor));
intercept(fs.promises, PATHS, isBelow);
syncBuiltinESMExports();
