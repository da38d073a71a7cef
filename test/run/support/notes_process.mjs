// A process that writes the notes beside a run: its directory, the revision that it has read, and the text.

import { NotesChangedError, writeNotes } from '../../../dist/run_files/notes.js';

const [, , directory, revision, note] = process.argv;
try {
  const { revision: written } = await writeNotes(directory, { revision: Number(revision), tags: [], note });
  console.log(`saved ${written}`);
} catch (error) {
  if (!(error instanceof NotesChangedError)) throw error;
  console.log(error.message);
}
