// The interpreters that programs are run with inside of bubblewrap, as they lie on this machine.

import { accessSync, constants, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface Interpreter {
  /** In front of the name of the program. */
  command: string[];
  /** What has to be there beside /usr for it to start. */
  paths: string[];
  reserved_mb?: number;
}

/** V8's room for compiled code, on Node 24 all of it writable from the start. */
const V8_RESERVED_MB = 512;

/** By language; those that are not there are absent. */
export function interpreters(python: string | null): Map<string, Interpreter> {
  const found = new Map<string, Interpreter>();
  const add = (language: string, path: string, interpreter: (path: string) => Interpreter) => {
    if (isExecutable(path)) found.set(language, interpreter(path));
  };
  add('bash', '/usr/bin/bash', (path) => ({ command: [path], paths: [] }));
  // -B: it may write no bytecode beside what it reads; isolated, it takes no packages from the working directory's owner.
  add('python', python ?? '/usr/bin/python3', (path) => ({ command: [path, '-B'], paths: environmentOf(path) }));
  add('javascript', process.execPath, (path) => ({
    command: [path],
    paths: isBelowUsr(path) ? [] : [path],
    reserved_mb: V8_RESERVED_MB,
  }));
  return found;
}

/** The directory of an interpreter and of its packages, and where those of a virtual environment really lie. */
function environmentOf(path: string): string[] {
  const prefixes = [path, realpathSync(path)].map((file) => dirname(dirname(file)));
  return [...new Set(prefixes)].filter((prefix) => !isBelowUsr(join(prefix, 'bin')));
}

const isBelowUsr = (path: string): boolean => path.startsWith('/usr/');

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
