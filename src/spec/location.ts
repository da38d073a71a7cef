// File paths as users write them in specs, made absolute.

import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** A path from the directory that it is relative to; `~` is the home directory. */
export function absolutePath(path: string, directory: string): string {
  if (path === '~' || path.startsWith('~/')) return join(homedir(), path.slice(1));
  return resolve(directory, path);
}
