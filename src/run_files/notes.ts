// notes.json: tags and a note that people keep beside a run. It says nothing of what the run computes, and the run never reads it.

import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError } from '../util/errors.ts';
import { errorCode, explainingFailure, jsonText, writeFileAtomic } from '../util/files.ts';
import { isArrayOf, isCount, isString, jsonShape } from '../util/json_shape.ts';
import { readForeignObject } from './foreign_json.ts';

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

/** Never throws. @param files names of the files that may be read; the directory is asked if not given */
export function readNotes(directory: string, files?: ReadonlySet<string>): { notes: RunNotes; problem: string | null } {
  if (files !== undefined && !files.has(NAME)) return { notes: NONE, problem: null };
  const { value, problem } = readForeignObject(join(directory, NAME));
  if (value === null) return { notes: NONE, problem: problem?.includes('ENOENT') === true ? null : problem };
  if (value.schema_version !== 1) return { notes: NONE, problem: `${NAME}: is of another version` };
  if (!shape.is(value)) return { notes: NONE, problem: `${NAME}: ${shape.problem(value)}` };
  const { revision, tags, note } = value;
  const kept = tags.slice(0, MOST_TAGS).map((tag) => cut(tag, TAG_CHARACTERS));
  return { notes: { revision, tags: kept, note: cut(note, NOTE_CHARACTERS) }, problem: null };
}

/** A cut through a pair of surrogates would leave half of it, which is no Unicode and which a database refuses. */
const cut = (text: string, most: number) => text.slice(0, most).replace(/[\ud800-\udbff]$/, '');

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
  return await explainingFailure('write', join(directory, NAME), () =>
    alone(join(directory, `${NAME}.lock`), async () => {
      const { notes: now, problem } = readNotes(directory);
      if (problem !== null) throw new ConfigurationError(`the notes are left as they are: ${problem}`);
      if (now.revision !== revision) throw new NotesChangedError('somebody else has changed these notes');
      const next = { revision: revision + 1, tags: kept, note };
      await writeFileAtomic(join(directory, NAME), jsonText({ schema_version: 1, ...next }));
      return next;
    }),
  );
}

/** A writer is done within milliseconds; a lock so old is that of one that was killed. */
const STALE_MS = 10_000;

/** One writer at a time, of all processes. */
async function alone<T>(lock: string, work: () => Promise<T>): Promise<T> {
  await takeLock(lock);
  try {
    return await work();
  } finally {
    await rm(lock, { force: true });
  }
}

async function takeLock(lock: string): Promise<void> {
  try {
    await (await open(lock, 'wx')).close();
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    const age = Date.now() - ((await stat(lock).catch(() => null))?.mtimeMs ?? 0);
    if (age < STALE_MS) throw new NotesChangedError('somebody else is changing these notes');
    await rm(lock, { force: true });
    await (await open(lock, 'wx')).close();
  }
}
