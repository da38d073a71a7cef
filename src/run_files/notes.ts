// notes.json: tags and a note that people keep beside a run. It says nothing of what the run computes, and the run never reads it.

import { randomBytes } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError } from '../util/errors.ts';
import { createFileAtomic, errorCode, explainingFailure, flushDirectory, jsonText } from '../util/files.ts';
import { isArrayOf, isCount, isString, jsonShape } from '../util/json_shape.ts';
import { cutText } from '../util/text.ts';
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
  await explainingFailure('write', join(directory, NAME), () => replaceNotes(directory, next));
  return next;
}

/** A writer is done within milliseconds; what is older is that of one that was killed, and that has told nobody of it. */
const STALE_MS = 10_000;

/**
 * Whoever brings the file with the next notes to be there is the only one who writes, of all processes; its rename is what counts.
 * Where somebody took it for that of a killed writer, or put another one in its place, the notes that are there in the end tell it.
 */
async function replaceNotes(directory: string, next: RunNotes): Promise<void> {
  const claim = join(directory, `${NAME}.next`);
  const text = jsonText({ schema_version: 1, ...next });
  await removeStale(claim);
  if (!(await createFileAtomic(claim, text))) throw new NotesChangedError('somebody else is changing these notes');
  try {
    const { notes: now, problem } = readNotes(directory);
    if (problem !== null) throw new ConfigurationError(`the notes are left as they are: ${problem}`);
    if (now.revision !== next.revision - 1) throw new NotesChangedError('somebody else has changed these notes');
    await rename(claim, join(directory, NAME));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') throw new NotesChangedError('somebody else is changing these notes');
    await rm(claim, { force: true });
    throw error;
  }
  await flushDirectory(directory);
  const { notes } = readNotes(directory);
  if (jsonText({ schema_version: 1, ...notes }) !== text)
    throw new NotesChangedError('somebody else has changed these notes');
}

async function removeStale(claim: string): Promise<void> {
  const stats = await stat(claim).catch(() => null);
  if (stats === null || Date.now() - stats.mtimeMs < STALE_MS) return;
  // Under another name first: of two that see it only one gets it.
  const taken = `${claim}.${randomBytes(6).toString('hex')}`;
  await rename(claim, taken).catch(() => undefined);
  await rm(taken, { force: true });
}
