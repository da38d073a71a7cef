// The one thing that a board writes: the tags and the note beside a run.

import type { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { NotesChangedError, readNotes, writeNotes } from '../run_files/notes.ts';
import { messageOf } from '../util/errors.ts';
import { parsedJson } from '../util/json_lines.ts';
import { isArrayOf, isCount, isString, jsonShape } from '../util/json_shape.ts';
import { type Access, refused } from './access.ts';
import { json, noSuchRun, told } from './answers.ts';
import type { BoardRuns } from './runs.ts';

const MOST_BODY_BYTES = 256 * 1024;

const notesShape = jsonShape<{ run: string; revision: number; tags: string[]; note: string }>({
  run: isString,
  revision: isCount,
  tags: isArrayOf(isString),
  note: isString,
});

export function addNotes(app: Hono, { runs, access }: { runs: BoardRuns; access: Access }): void {
  const bounded = bodyLimit({ maxSize: MOST_BODY_BYTES, onError: () => refused(413, 'notes are not so long') });
  app.post('/api/notes', access.changes, bounded, async ({ req }) => {
    const body = parsedJson(await req.text());
    if (!notesShape.is(body)) return refused(400, `the notes: ${notesShape.problem(body)}`);
    const entry = runs.entry(body.run);
    if (entry === null || entry.isPlanned) return noSuchRun();
    const { directory } = entry.row;
    return await told(async () => {
      try {
        const notes = await writeNotes(directory, body);
        runs.reread(body.run);
        return json(notes);
      } catch (error) {
        if (!(error instanceof NotesChangedError)) throw error;
        return json({ detail: messageOf(error), now: readNotes(directory).notes }, 409);
      }
    });
  });
}
