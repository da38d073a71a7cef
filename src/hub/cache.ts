// The cache of this package: directories made of models once, each there whole or not at all.

import { readdir, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { isSystemError } from '../formats/files.ts';
import { CookbookError, WeightsError } from '../util/errors.ts';
import { exists } from '../util/files.ts';
import { makeWhole, tidyPartial } from '../util/whole_directory.ts';

/** Codes of errors that say that a place cannot be written, or no more of it. */
const UNWRITABLE = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'ENOSPC', 'EDQUOT', 'EFBIG']);

/** Where directories of one kind lie. */
export function cacheOf(kind: string, env: NodeJS.ProcessEnv): string {
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tinker-cookbook', kind);
}

export interface CachedDirectory {
  directory: string;
  /** A file that is in it once it is whole. */
  file: string;
  /** As a message about the lack of room calls it. */
  what: string;
  /** Makes the contents in a directory that will have another name. Not called where the directory is there. */
  fill(partial: string): Promise<void>;
}

/**
 * Makes a directory of the cache, unless it is there. It appears under its name when it is whole; processes that make the
 * same one at the same time do each other no harm, and what killed ones have left is deleted.
 * @throws WeightsError where the cache cannot be written, and whatever `fill` throws
 */
export async function makeOnce({ directory, file, what, fill }: CachedDirectory): Promise<void> {
  const whole = join(directory, file);
  if (await exists(whole)) return;
  const made = await inCache(dirname(directory), what, async () => {
    await tidyPartial(dirname(directory));
    return await makeWhole(directory, fill);
  });
  // Where another process was faster, its directory holds the same.
  if (made || (await exists(whole))) return;
  throw new WeightsError(`${directory}: it is there, and has no ${file}`, { hint: 'Delete it: it is made again.' });
}

/** Writes `what` to a cache. Throws WeightsError where that cannot be written, and whatever else `write` throws. */
export async function inCache<T>(cache: string, what: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    throw unwritable(error, cache, what) ?? error;
  }
}

/** Deletes what is in a directory of the cache, entries and remains of killed processes, and was last marked before `time`. */
export async function deleteOlder(cache: string, time: number): Promise<void> {
  for (const name of await readdir(cache)) {
    const path = join(cache, name);
    const marked = await stat(path).catch(() => null);
    // Another process may be deleting the same, and what cannot be deleted does no harm.
    if (marked !== null && marked.mtimeMs < time)
      await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

function unwritable(error: unknown, cache: string, what: string): WeightsError | null {
  // Whoever met the error of the system may have said already what it means there.
  const reason = error instanceof CookbookError ? error.cause : error;
  if (!isSystemError(reason) || !UNWRITABLE.has(reason.code ?? '')) return null;
  return new WeightsError(`${cache}: ${what} cannot be written there: ${reason.message}`, {
    hint: 'Set XDG_CACHE_HOME to a directory that can be written and has the room, or make room in this one.',
    cause: error,
  });
}
