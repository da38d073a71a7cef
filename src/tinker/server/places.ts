// Where checkpoints lie: each in a directory that no other ever had, so that a record points at whole contents whenever the server is
// killed; and what a kill leaves behind, which no record points at.

import { randomBytes } from 'node:crypto';
import { copyFile, link, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { entriesOf, makeDirectory } from '../../util/files.ts';
import { putDirectory, temporaryDirectoryFor, tidyDirectories } from '../../util/replace_directory.ts';
import { KINDS } from './checkpoint_paths.ts';
import type { CheckpointRecord } from './run_record.ts';

const NEW = /-[0-9a-f]{12}$/;

/** A name for the contents of a checkpoint of this name. */
export const newPlace = (name: string): string => `${name}-${randomBytes(6).toString('hex')}`;

/** Below the directory of its run. */
export const placeOf = ({ kind, name, directory }: CheckpointRecord): string => directory ?? `${kind}/${name}`;

/** Deletes what lies in the directory of a run and in none of its records. */
export async function sweep(directory: string, records: readonly CheckpointRecord[]): Promise<void> {
  const known = new Set(records.map(placeOf));
  for (const kind of new Set(Object.values(KINDS).map(({ saved }) => saved))) {
    const parent = join(directory, kind);
    await tidyDirectories(parent);
    const lost = (await entriesOf(parent)).filter(({ name }) => NEW.test(name) && !known.has(`${kind}/${name}`));
    for (const { name } of lost) await rm(join(parent, name), { recursive: true, force: true });
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
