// notes.json: tags and a note that people keep beside a run. It says nothing of what the run computes, and the run never reads it.

import { lstatSync } from 'node:fs';
import { lstat, mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError } from '../util/errors.ts';
import {
  errorCode,
  explainingFailure,
  flushDirectory,
  isTemporary,
  jsonText,
  replaceFile,
  shortPath,
} from '../util/files.ts';
import { isArrayOf, isCount, isString, jsonShape } from '../util/json_shape.ts';
import { cutText } from '../util/text.ts';
import { readForeignObject } from './foreign_json.ts';
import { awaitLease, type Lease, LeaseHeldError, tidyLeases } from './lease.ts';

export interface RunNotes {
  /** Counts the changes: 0 where nothing was written yet. */
  revision: number;
  tags: string[];
  note: string;
}

const NAME = 'notes.json';
const NONE: RunNotes = { revision: 0, tags: [], note: '' };

/** What a file may hold, so that neither a page nor a table is flooded. */
const MOST_TAGS = 32;
const TAG_CHARACTERS = 64;
const NOTE_CHARACTERS = 20_000;

const shape = jsonShape<RunNotes & { schema_version: number }>({
  schema_version: isCount,
  revision: isCount,
  tags: isArrayOf(isString),
  note: isString,
});

/** Never throws. A link is not followed: it may lead out of the directories that somebody has named. */
export function readNotes(directory: string): { notes: RunNotes; problem: string | null } {
  const path = join(directory, NAME);
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return { notes: NONE, problem: null };
  if (!stats.isFile()) return { notes: NONE, problem: `${NAME}: is not a regular file` };
  const { value, problem } = readForeignObject(path);
  if (value === null) return { notes: NONE, problem };
  if (value.schema_version !== 1) return { notes: NONE, problem: `${NAME}: is of another version` };
  if (!shape.is(value)) return { notes: NONE, problem: `${NAME}: ${shape.problem(value)}` };
  const { revision, tags, note } = value;
  const kept = tags.slice(0, MOST_TAGS).map((tag) => cutText(tag, TAG_CHARACTERS));
  return { notes: { revision, tags: kept, note: cutText(note, NOTE_CHARACTERS) }, problem: null };
}

/** Thrown where somebody else has changed the notes since they were read. */
export class NotesChangedError extends ConfigurationError {}

/**
 * Replaces the notes that were read, and no others.
 * @throws NotesChangedError, ConfigurationError for notes that are too long or of a file that cannot be read
 */
export async function writeNotes(directory: string, { revision, tags, note }: RunNotes): Promise<RunNotes> {
  const kept = [...new Set(tags.map((tag) => tag.trim()).filter((tag) => tag !== ''))];
  if (kept.length > MOST_TAGS || kept.some((tag) => tag.length > TAG_CHARACTERS) || note.length > NOTE_CHARACTERS) {
    const bounds = `${MOST_TAGS} tags of ${TAG_CHARACTERS} characters and a note of ${NOTE_CHARACTERS}`;
    throw new ConfigurationError(`notes hold at most ${bounds}`);
  }
  const next = { revision: revision + 1, tags: kept, note };
  await explainingFailure('write', join(directory, NAME), () =>
    alone(directory, (lock) => replaceNotes(directory, lock, next)),
  );
  return next;
}

/** Beside the notes while somebody writes them, with the lease of whoever does. It is not the run's: that one may be training. */
const LOCK = '.notes';
/** A writer is done within milliseconds. */
const PATIENCE_MS = 2_000;

/**
 * As the only one of all processes, whichever of them were killed at it; one that only stands still keeps its place.
 * @throws NotesChangedError where somebody else does not come to an end
 */
async function alone(directory: string, write: (lock: string) => Promise<void>): Promise<void> {
  const lock = join(directory, LOCK);
  const lease = await leaseOf(lock);
  try {
    await tidyLeases(lock);
    // Of a killed taker; one that lives makes itself another.
    for (const name of await readdir(lock)) if (isTemporary(name)) await rm(join(lock, name), { force: true });
    await write(lock);
  } finally {
    await lease.release();
    // Where somebody else has come meanwhile, it is not empty, and stays for them.
    await rmdir(lock).catch(() => undefined);
  }
}

async function leaseOf(lock: string): Promise<Lease> {
  while (true) {
    // Not with those above it: a run that was deleted stays so.
    try {
      await mkdir(lock);
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error;
      await refuseOther(lock);
    }
    try {
      return await awaitLease(lock, PATIENCE_MS);
    } catch (error) {
      if (error instanceof LeaseHeldError) throw new NotesChangedError('somebody else is changing these notes');
      // Whoever came before has taken it away.
      if (!(error instanceof Error) || errorCode(error.cause) !== 'ENOENT') throw error;
    }
  }
}

/** A run that somebody else has packed may hold a link there, and nothing is written where that leads. */
async function refuseOther(lock: string): Promise<void> {
  try {
    if ((await lstat(lock)).isDirectory()) return;
  } catch (error) {
    // Whoever was there has taken it away.
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  throw new ConfigurationError(`${shortPath(lock)} is not a directory`, {
    hint: 'Notes are written there before they are put in place: move it away and save them again.',
  });
}

/** What is written is put in place in one step, and replaces a link of its name, which it does not follow; what a kill leaves of it, the next one clears away. */
async function replaceNotes(directory: string, lock: string, next: RunNotes): Promise<void> {
  const { notes: now, problem } = readNotes(directory);
  if (problem !== null) throw new ConfigurationError(`the notes are left as they are: ${problem}`);
  if (now.revision !== next.revision - 1) throw new NotesChangedError('somebody else has changed these notes');
  const written = join(lock, 'next.json');
  await replaceFile(written, (file) => file.writeFile(jsonText({ schema_version: 1, ...next })));
  await rename(written, join(directory, NAME));
  await flushDirectory(directory);
}
