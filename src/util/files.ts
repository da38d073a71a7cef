// Files that survive a kill at any instant: written under a temporary name, flushed, and put in place in one step.

import { randomBytes } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { access, type FileHandle, link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { CookbookError, messageOf, RunDirectoryError } from './errors.ts';
import type { Shape } from './json_shape.ts';
import { readRegularFile } from './regular_file.ts';

const TEMPORARY = /\.tmp-[0-9a-f]{12}$/;

/** Whether a name is one that an interrupted write left behind. */
export function isTemporary(name: string): boolean {
  return TEMPORARY.test(name);
}

/** Replaces a file: a reader sees the old text or the new one, and after a power cut it is one of the two. */
export async function writeFileAtomic(path: string, text: string): Promise<void> {
  await explainingFailure('write', path, () => replaceFile(path, (file) => file.writeFile(text)));
}

/** The same for contents that are written bit by bit. What fails is thrown as it is. */
export async function replaceFile(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const temporary = await writeTemporary(path, write);
  try {
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await flushDirectory(dirname(path));
}

/** Creates a file with its whole text in one step. False when there is one already, which stays as it is. */
export async function createFileAtomic(path: string, text: string): Promise<boolean> {
  return await explainingFailure('create', path, async () => {
    while (true) {
      const temporary = await writeTemporary(path, (file) => file.writeFile(text));
      try {
        await link(temporary, path);
      } catch (error) {
        if (errorCode(error) === 'EEXIST') return false;
        // Whoever owns the place has taken the temporary file for one that a kill left behind.
        if (errorCode(error) === 'ENOENT') continue;
        throw error;
      } finally {
        await rm(temporary, { force: true });
      }
      await flushDirectory(dirname(path));
      return true;
    }
  });
}

/**
 * Creates a directory and those above it. `mkdir` with `recursive` tries for ever where a file system says of a directory
 * that exists that it cannot be found, as /proc does.
 */
export async function makeDirectory(path: string): Promise<void> {
  await explainingFailure('create', path, () => makeWithParents(path));
}

async function makeWithParents(path: string): Promise<void> {
  const error = await makeOne(path);
  if (error === null) return;
  if (errorCode(error) !== 'ENOENT' || dirname(path) === path) throw error;
  await makeWithParents(dirname(path));
  const again = await makeOne(path);
  if (errorCode(again) === 'ENOENT') throw holdsNoDirectories(path);
  if (again !== null) throw again;
}

/** The error of a directory that cannot be found although the one above it is there. */
export function holdsNoDirectories(path: string): RunDirectoryError {
  const message = `cannot create ${shortPath(path)}: its file system holds no directories of ours`;
  return new RunDirectoryError(message, FORBIDDEN);
}

/** The error that kept one directory from being there. */
async function makeOne(path: string): Promise<unknown> {
  try {
    await mkdir(path);
    return null;
  } catch (error) {
    const exists = errorCode(error) === 'EEXIST' && (await stat(path).catch(() => null))?.isDirectory() === true;
    return exists ? null : error;
  }
}

export function jsonText(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** What a JSON file holds: the value, or why there is none. Neither when the file does not exist. */
export interface Reading<T> {
  value: T | null;
  problem: string | null;
}

/** Reads a file of a known shape and never throws: what is wrong with it is part of the result. */
export async function readJson<T>(path: string, shape: Shape<T>): Promise<Reading<T>> {
  let value: unknown;
  try {
    value = JSON.parse(await readRegularFile(path));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return { value: null, problem: null };
    return { value: null, problem: `${basename(path)}: ${messageOf(error)}` };
  }
  return shape.is(value)
    ? { value, problem: null }
    : { value: null, problem: `${basename(path)}: ${shape.problem(value)}` };
}

/** Whether a path leads to anything. */
export async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

export async function flushDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** The code of a failed system call, `ENOENT`; undefined for any other error. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Runs an operation on a file and turns the failure of a system call into an error that a user can act on. */
export async function explainingFailure<T>(verb: string, path: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw fileError(verb, path, error);
  }
}

/** An error that says which file could not be read or written, why, and what to do. Errors that are no system call's pass as they are. */
export function fileError(verb: string, path: string, error: unknown): unknown {
  const code = errorCode(error);
  // Ours have a code too, and say all of this already.
  if (code === undefined || error instanceof CookbookError) return error;
  const { reason, hint } = REASONS[code] ?? { reason: messageOf(error), hint: undefined };
  return new RunDirectoryError(`cannot ${verb} ${shortPath(path)}: ${reason}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

const FULL = { hint: 'Free some space there, and run the same command again.' };
const TOO_FEW = { hint: 'Allow more open files: ulimit -n 1024.' };
const IN_THE_WAY = { hint: 'Move it away and run the same command again.' };
const FORBIDDEN = { hint: 'Give a path that you may write to.' };

const REASONS: Partial<Record<string, { reason: string; hint: string }>> = {
  ENOSPC: { reason: 'no space left on the device', ...FULL },
  EDQUOT: { reason: 'the disk quota is used up', ...FULL },
  EFBIG: {
    reason: 'the file would be larger than the system allows',
    hint: 'Give a path on another file system, or allow larger files: ulimit -f unlimited.',
  },
  EROFS: { reason: 'the file system is read-only', ...FORBIDDEN },
  EACCES: { reason: 'permission denied', ...FORBIDDEN },
  EPERM: { reason: 'operation not permitted', ...FORBIDDEN },
  EEXIST: { reason: 'a file of this name is there', ...FORBIDDEN },
  EISDIR: { reason: 'it is a directory, not a file', ...IN_THE_WAY },
  ENOTREG: { reason: 'is not a regular file', ...IN_THE_WAY },
  ELOOP: { reason: 'symbolic links lead to one another in a circle', ...FORBIDDEN },
  ENAMETOOLONG: { reason: 'a name in the path is longer than the file system allows', hint: 'Give a shorter path.' },
  ENOTDIR: { reason: 'a part of the path is a file, not a directory', ...FORBIDDEN },
  EMFILE: { reason: 'too many files are open', ...TOO_FEW },
  ENFILE: { reason: 'too many files are open', ...TOO_FEW },
};

/** Why a system call failed, in words if there are any for it. */
export function reasonOf(error: unknown): string {
  return REASONS[errorCode(error) ?? '']?.reason ?? messageOf(error);
}

/** The failure of a system call that nobody expected where it happened, if there are words for it. All other errors pass as they are. */
export function unexpectedFailure(error: unknown): unknown {
  const { reason, hint } = REASONS[errorCode(error) ?? ''] ?? {};
  if (reason === undefined || hint === undefined) return error;
  const place = error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : null;
  const message = place === null ? reason : `cannot open ${shortPath(place)}: ${reason}`;
  return new RunDirectoryError(message, { hint, cause: error });
}

/** A path as it reads best in a message: relative to the working directory when it lies below it. Other addresses stay as they are. */
export function shortPath(path: string): string {
  return isAbsolute(path) ? pathFrom(process.cwd(), path) : path;
}

/** A path relative to a directory that it lies below; any other stays as it is. */
export function pathFrom(directory: string, path: string): string {
  const fromThere = relative(directory, path);
  return fromThere === '' || !isWithin(path, directory) ? path : fromThere;
}

/** Whether a path is that of a directory or lies below it. Both are absolute, and links are not followed. */
export function isWithin(path: string, directory: string): boolean {
  const fromThere = relative(directory, path);
  return fromThere !== '..' && !fromThere.startsWith(`..${sep}`) && !isAbsolute(fromThere);
}

/** What a directory holds, in no order; nothing where there is none. */
export async function entriesOf(directory: string): Promise<Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Bytes of the files of a directory; of one that is being written, of those that there are. */
export async function filesSize(directory: string): Promise<number> {
  const sizes = (await readdir(directory)).map((name) =>
    stat(join(directory, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

/** Named at random rather than by the process id, which processes of two containers that share a directory may share too. */
async function writeTemporary(path: string, write: (file: FileHandle) => Promise<void>): Promise<string> {
  const temporary = join(dirname(path), `${basename(path)}.tmp-${randomBytes(6).toString('hex')}`);
  const file = await open(temporary, 'wx');
  try {
    await write(file);
    await file.sync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  return temporary;
}
