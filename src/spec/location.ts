// File paths as users write them in specs, made absolute.

import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The points of a sweep name the same few paths a hundred thousand times. */
const known = new Map<string, string>();
const MAX_KNOWN = 1000;

/** A path from the directory that it is relative to; `~` is the home directory. */
export function absolutePath(path: string, directory: string): string {
  if (path === '~' || path.startsWith('~/')) return join(homedir(), path.slice(1));
  const key = `${directory}\0${path}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const absolute = resolve(directory, path);
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(key, absolute);
  return absolute;
}
