// Whether something may be written to a place: where anything lies already, it stays.

import { readdir, stat } from 'node:fs/promises';
import { ConfigurationError } from './errors.ts';

/** @throws ConfigurationError for a place that holds more than an empty directory */
export async function refuseTakenPlace(path: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found === null) return;
  if (found.isDirectory() && (await readdir(path)).length === 0) return;
  throw takenPlace(path);
}

export function takenPlace(path: string): ConfigurationError {
  return new ConfigurationError(`${path} is there already`, { hint: 'Name a directory that does not exist yet.' });
}
