// A copy of a SQLite database to read from. The database itself is never opened: SQLite first undoes what a journal beside a file
// tells it to, which writes to the file, and deletes whatever other file the journal names.

import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCode } from '../util/files.ts';
import { readForeignBytes, readForeignStart } from './foreign_file.ts';

const JOURNAL = Buffer.from('d9d505f920a163d7', 'hex');
const WAL_HEADER_BYTES = 32;
/** A writer may be at it at the same time. */
const MOST_TRIES = 5;

/**
 * Hands over the path of the copy, which is gone behind that, and how many bytes it has with its log.
 * @throws for what cannot be read, was left half written, or changes all the time
 */
export async function withCopy<T>(path: string, read: (copy: string, bytes: number) => T): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'cookbook-import-'));
  try {
    const copy = join(directory, 'copy.db');
    for (let tries = 1; ; tries++) {
      const bytes = await copyOnce(path, copy);
      if (bytes !== null) return read(copy, bytes);
      if (tries === MOST_TRIES) throw new Error('is being written to all the time');
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** How many bytes were copied; null where a writer came in between. */
async function copyOnce(path: string, copy: string): Promise<number | null> {
  const before = await stateOf(path);
  const database = await readForeignBytes(path);
  await writeFile(copy, database);
  // Behind the database: what a checkpoint moves from the one to the other meanwhile stands in both.
  const wal = await besideIt(path, '-wal');
  await writeFile(`${copy}-wal`, wal);
  if ((await besideIt(path, '-journal', JOURNAL.length)).equals(JOURNAL)) {
    throw new Error('a change of it was not finished: open it once with the tool that it is of');
  }
  return before === (await stateOf(path)) ? database.length + wal.length : null;
}

/** The same as long as its log is only appended to, and where it has none, as long as nothing is written. */
async function stateOf(path: string): Promise<string> {
  const wal = await besideIt(path, '-wal', WAL_HEADER_BYTES);
  if (wal.length > 0) return wal.toString('hex');
  const { ino, size, mtimeNs } = await stat(path, { bigint: true });
  return `${ino} ${size} ${mtimeNs}`;
}

/** Empty where there is none. */
async function besideIt(path: string, suffix: string, most?: number): Promise<Buffer> {
  const file = `${path}${suffix}`;
  try {
    return await (most === undefined ? readForeignBytes(file) : readForeignStart(file, most));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}
