// Directories that appear whole or not at all, whatever is killed while they are written or replaced.

import { randomBytes } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { entriesOf, errorCode, exists, flushDirectory } from './files.ts';

const TEMPORARY = /\.tmp$/;
/** A directory that stepped aside for another of its name. */
const ASIDE = /^(.+)\.[0-9a-f]+\.old\.tmp$/;

/** Where to write a directory before it is put in its place. */
export function temporaryDirectoryFor(path: string): string {
  return `${path}.${randomBytes(6).toString('hex')}.tmp`;
}

/** Puts a directory in its place, where another may lie. Directories cannot be exchanged in one step: the old one steps aside first. */
export async function putDirectory(temporary: string, path: string): Promise<void> {
  const asides: string[] = [];
  do {
    const aside = `${path}.${randomBytes(6).toString('hex')}.old.tmp`;
    await rename(path, aside).catch((error) => {
      if (errorCode(error) !== 'ENOENT') throw error;
    });
    asides.push(aside);
  } while (!(await isPut(temporary, path)));
  await flushDirectory(dirname(path));
  for (const aside of asides) await rm(aside, { recursive: true, force: true });
}

/** False where somebody else has put another directory there since the old one stepped aside. */
async function isPut(temporary: string, path: string): Promise<boolean> {
  try {
    await rename(temporary, path);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '')) return false;
    throw error;
  }
}

/**
 * Finishes what a kill cut short in a directory of directories, of those called `name` or of all: one that stepped aside and
 * was not replaced comes back, and what else is temporary goes.
 */
export async function tidyDirectories(parent: string, name?: string): Promise<void> {
  const names = (await namesIn(parent)).filter(
    (each) => TEMPORARY.test(each) && (name === undefined || each.startsWith(`${name}.`)),
  );
  for (const each of names) {
    const original = ASIDE.exec(each)?.[1];
    const path = join(parent, each);
    if (original !== undefined && !(await exists(join(parent, original)))) await rename(path, join(parent, original));
    else await rm(path, { recursive: true, force: true });
  }
}

/** Brings back a directory that is gone because a kill came between its stepping aside and its replacement. */
export async function restoreDirectory(path: string): Promise<void> {
  if (await exists(path)) return;
  const aside = (await namesIn(dirname(path))).find((each) => ASIDE.exec(each)?.[1] === basename(path));
  if (aside !== undefined) await rename(join(dirname(path), aside), path);
}

async function namesIn(parent: string): Promise<string[]> {
  return (await entriesOf(parent)).map(({ name }) => name);
}
