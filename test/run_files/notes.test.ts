// notes.json: what people keep beside a run, written by one at a time, whoever was killed at it.

import { mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NotesChangedError, readNotes, writeNotes } from '../../src/run_files/notes.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

const notes = (revision: number, note: string) => ({ revision, tags: [], note });

/** What a writer leaves that was killed before its rename. */
function leaveClaim(directory: string, text: string, secondsAgo: number): void {
  const claim = join(directory, 'notes.json.next');
  writeFileSync(claim, text);
  const then = Date.now() / 1000 - secondsAgo;
  utimesSync(claim, then, then);
}

describe('notes', () => {
  it('of many writers at once are those of one, and all others are told', async () => {
    const directory = await temporaryDirectory();
    for (let revision = 0; revision < 5; revision++) {
      const texts = Array.from({ length: 12 }, (_, i) => `${revision} of writer ${i}`);
      const ends = await Promise.allSettled(texts.map((text) => writeNotes(directory, notes(revision, text))));
      const kept = ends.flatMap((end, i) => (end.status === 'fulfilled' ? texts[i] : []));
      expect(kept).toHaveLength(1);
      for (const end of ends) if (end.status === 'rejected') expect(end.reason).toBeInstanceOf(NotesChangedError);
      expect(readNotes(directory).notes).toEqual(notes(revision + 1, kept.join()));
    }
    expect(readdirSync(directory)).toEqual(['notes.json']);
  });

  it('are taken over from a writer that was killed by one of those who find it, and not before ten seconds', async () => {
    for (const left of ['', '{"torn', JSON.stringify({ schema_version: 1, ...notes(1, 'never told') })]) {
      const directory = await temporaryDirectory();
      leaveClaim(directory, left, 5);
      await expect(writeNotes(directory, notes(0, 'too early'))).rejects.toThrow(
        'somebody else is changing these notes',
      );
      leaveClaim(directory, left, 15);
      const ends = await Promise.allSettled(['a', 'b', 'c', 'd'].map((text) => writeNotes(directory, notes(0, text))));
      const told = ends.flatMap((end) => (end.status === 'fulfilled' ? end.value.note : []));
      expect(told).toHaveLength(1);
      expect(readNotes(directory).notes).toEqual(notes(1, told.join()));
      expect(readdirSync(directory)).toEqual(['notes.json']);
    }
  });

  it('are not read by way of a link, nor written through one', async () => {
    const directory = await temporaryDirectory();
    const elsewhere = join(directory, 'elsewhere.json');
    writeFileSync(elsewhere, JSON.stringify({ schema_version: 1, ...notes(3, 'a secret') }));
    const run = join(directory, 'run');
    mkdirSync(run);
    symlinkSync(elsewhere, join(run, 'notes.json'));
    expect(readNotes(run)).toEqual({ notes: notes(0, ''), problem: 'notes.json: is not a regular file' });
    await expect(writeNotes(run, notes(0, 'x'))).rejects.toThrow('the notes are left as they are');
    expect(readFileSync(elsewhere, 'utf8')).toContain('a secret');
    expect(readdirSync(run)).toEqual(['notes.json']);
  });

  it('are cut between whole characters', async () => {
    const directory = await temporaryDirectory();
    const note = `${'x'.repeat(19_999)}😀`;
    writeFileSync(join(directory, 'notes.json'), JSON.stringify({ schema_version: 1, ...notes(1, note) }));
    expect(readNotes(directory).notes.note).toBe('x'.repeat(19_999));
  });
});
