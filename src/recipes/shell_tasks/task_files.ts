// The files of a task that somebody else has made, byte for byte: regular files that lie in it, under names that a sandbox can have.

import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DataFormatError, DataValidationError, messageOf } from '../../util/errors.ts';
import { errorCode } from '../../util/files.ts';
import { READ_FLAGS, refuseIrregular } from '../../util/regular_file.ts';
import { safeParts } from '../../util/safe_path.ts';

export interface TaskFile {
  bytes: Buffer;
  isExecutable: boolean;
}

/** By their paths below a directory. */
export type TaskFiles = Readonly<Record<string, TaskFile>>;

const MOST_FILE_BYTES = 2 ** 20;
const MOST_FILES = 1000;

/**
 * Null where there is none.
 * @throws DataValidationError for a link: what it leads to may be a file of this machine that is no part of the task
 */
export async function taskFile(file: string): Promise<TaskFile | null> {
  await refuseLink(file);
  try {
    const opened = await open(file, READ_FLAGS);
    try {
      const stats = await opened.stat();
      refuseIrregular(stats, MOST_FILE_BYTES);
      return { bytes: await opened.readFile(), isExecutable: (stats.mode & 0o100) !== 0 };
    } finally {
      await opened.close();
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return null;
    throw new DataFormatError(`${file}: ${messageOf(error)}`, { cause: error });
  }
}

/** Regular files; none where the directory is not there. @throws DataValidationError where it is a link */
export async function filesBelow(directory: string): Promise<TaskFiles> {
  await refuseLink(directory);
  const files = new Map<string, TaskFile>();
  const left = [''];
  for (let at = left.pop(); at !== undefined; at = left.pop()) {
    const entries = await readdir(join(directory, at), { withFileTypes: true }).catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return [];
      throw error;
    });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      requireName(entry.name, directory);
      const path = at === '' ? entry.name : `${at}/${entry.name}`;
      if (entry.isDirectory()) left.push(path);
      const file = entry.isFile() ? await taskFile(join(directory, path)) : null;
      if (file !== null) files.set(path, file);
      if (files.size > MOST_FILES) throw new DataValidationError(`${directory}: more than ${MOST_FILES} files`);
    }
  }
  return Object.fromEntries(files);
}

async function refuseLink(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => null);
  if (stats?.isSymbolicLink() === true)
    throw new DataValidationError(`${path}: is a link, and of a task only what lies in it is read`, {
      hint: 'Put what it leads to in its place.',
    });
}

/** What is no UTF-8 has the sign for that in its name. */
function requireName(name: string, directory: string): void {
  if (safeParts(name) !== null && !name.includes('\uFFFD')) return;
  throw new DataValidationError(`${directory}: a file cannot be called ${JSON.stringify(name)} in a sandbox`);
}
