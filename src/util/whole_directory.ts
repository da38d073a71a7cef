// Directories that several processes may make at the same place: whole or not there, with nothing left of a process that was killed.

import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  entriesOf,
  errorCode,
  fileError,
  flushDirectory,
  holdsNoDirectories,
  jsonText,
  makeDirectory,
  readJson,
  writeFileAtomic,
} from './files.ts';
import { processShape, processState, thisProcess } from './liveness.ts';
import { putDirectory } from './replace_directory.ts';

/** In a partial directory: which process makes it, and what it makes. */
const MAKER = 'maker.json';
const CONTENTS = 'contents';
const PARTIAL = /^\.(.+)\.[0-9a-f]{12}\.partial$/;

/** A process takes no longer to say that it is the maker. */
const NAMELESS_MS = 60_000;

type Fill = (directory: string) => Promise<void>;

/**
 * Has a directory filled beside its place, and puts it there when that is done. False where another directory, or a file,
 * was there before; an empty directory is replaced.
 */
export function makeWhole(path: string, fill: Fill): Promise<boolean> {
  return filledBeside(path, fill, (contents) => moved(contents, path));
}

/** The same in the place of a directory that may lie there. */
export async function replaceWhole(path: string, fill: Fill): Promise<void> {
  await filledBeside(path, fill, (contents) => putDirectory(contents, path));
}

async function filledBeside<T>(path: string, fill: Fill, put: (contents: string) => Promise<T>): Promise<T> {
  await makeDirectory(dirname(path));
  const partial = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.partial`);
  await mkdir(partial).catch((error: unknown) => {
    throw errorCode(error) === 'ENOENT' ? holdsNoDirectories(path) : fileError('create', path, error);
  });
  try {
    await writeFileAtomic(join(partial, MAKER), jsonText(thisProcess()));
    const contents = join(partial, CONTENTS);
    await makeDirectory(contents);
    await fill(contents);
    return await put(contents);
  } finally {
    // What cannot be removed now is tidied later, and an error on the way here says more.
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Deletes what processes that are gone have left beside their directories: of the one called `name`, or of all. */
export async function tidyPartial(parent: string, name?: string): Promise<void> {
  for (const entry of await entriesOf(parent).catch(() => [])) {
    const of = PARTIAL.exec(entry.name)?.[1];
    if (of === undefined || (name !== undefined && of !== name)) continue;
    const partial = join(parent, entry.name);
    if (await isAbandoned(partial)) await rm(partial, { recursive: true, force: true }).catch(() => undefined);
  }
}

async function isAbandoned(partial: string): Promise<boolean> {
  const { value: maker } = await readJson(join(partial, MAKER), processShape);
  if (maker !== null) return processState(maker) === 'gone';
  const made = await stat(partial).catch(() => null);
  return made !== null && Date.now() - made.mtimeMs > NAMELESS_MS;
}

async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    await flushDirectory(dirname(to));
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(errorCode(error) ?? '')) return false;
    throw error;
  }
}
