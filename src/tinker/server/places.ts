// Where checkpoints lie: each in a directory that no other ever had, so that a record points at whole contents whenever the server is
// killed; and what a kill leaves behind, which no record points at.

import { randomBytes } from 'node:crypto';
import { copyFile, link, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { entriesOf, errorCode, isTemporary, makeDirectory } from '../../util/files.ts';
import { putDirectory, temporaryDirectoryFor, tidyDirectories } from '../../util/replace_directory.ts';
import { KINDS } from './checkpoint_paths.ts';
import type { CheckpointRecord } from './run_record.ts';

const NEW = /-[0-9a-f]{12}$/;

/** A name for the contents of a checkpoint of this name. */
export const newPlace = (name: string): string => `${name}-${randomBytes(6).toString('hex')}`;

/** Below the directory of its run. */
export const placeOf = ({ kind, name, directory }: CheckpointRecord): string => directory ?? `${kind}/${name}`;

/** Deletes what lies in the directory of a run and in none of its records. What links lead to is somebody else's. */
export async function sweep(directory: string, records: readonly CheckpointRecord[]): Promise<void> {
  const known = new Set(records.map(placeOf));
  const kinds: readonly string[] = Object.values(KINDS).map(({ saved }) => saved);
  for (const entry of await entriesOf(directory)) {
    const path = join(directory, entry.name);
    if (entry.isFile() && isTemporary(entry.name)) await rm(path, { force: true });
    if (!entry.isDirectory() || !kinds.includes(entry.name)) continue;
    await tidyDirectories(path);
    const lost = (await entriesOf(path)).filter(({ name }) => NEW.test(name) && !known.has(`${entry.name}/${name}`));
    for (const { name } of lost) await rm(join(path, name), { recursive: true, force: true });
  }
}

/** Has the contents of checkpoints gone in one step, so that a kill leaves the whole of one or nothing. */
export async function discard(directory: string, places: readonly string[]): Promise<void> {
  for (const place of places) {
    const path = join(directory, place);
    const aside = temporaryDirectoryFor(path);
    await rename(path, aside).catch((error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw error;
    });
    await rm(aside, { recursive: true, force: true });
  }
}

/** Deletes the directory of a run that has no record, if there is nothing in it: its first save was cut short, or its end. */
export async function removeEmpty(directory: string): Promise<void> {
  const kinds = Object.values(KINDS).map(({ saved }) => join(directory, saved));
  // What is not empty is not deleted by this, and says so.
  for (const each of [...new Set(kinds), directory]) await rmdir(each).catch(() => undefined);
}

/** The same contents in another place, in the same blocks of the disk where the file system can: checkpoints are never written to. */
export async function copyDirectory(from: string, to: string): Promise<void> {
  const temporary = temporaryDirectoryFor(to);
  await makeDirectory(temporary);
  try {
    for (const { name } of await entriesOf(from)) {
      const [source, copy] = [join(from, name), join(temporary, name)];
      await link(source, copy).catch(() => copyFile(source, copy));
    }
    await putDirectory(temporary, to);
  } finally {
    // On a full disk, half a copy would keep it full.
    await rm(temporary, { recursive: true, force: true });
  }
}
