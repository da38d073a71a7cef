// notes.json: what people keep beside a run, written by one at a time.

import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NotesChangedError, readNotes, writeNotes } from '../../src/run_files/notes.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

const notes = (revision: number, note: string) => ({ revision, tags: [], note });

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

  it('of a run that is gone are not written', async () => {
    const directory = join(await temporaryDirectory(), 'gone');
    await expect(writeNotes(directory, notes(0, 'x'))).rejects.toThrow('cannot write');
    expect(existsSync(directory)).toBe(false);
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

  it('are not written through a link that somebody has put in the place of what they are written to first', async () => {
    const directory = await temporaryDirectory();
    const [run, elsewhere] = [join(directory, 'run'), join(directory, 'elsewhere')];
    mkdirSync(join(run, '.notes'), { recursive: true });
    mkdirSync(elsewhere);
    writeFileSync(join(elsewhere, 'next.json'), 'of somebody');
    symlinkSync(join(elsewhere, 'next.json'), join(run, '.notes', 'next.json'));
    expect(await writeNotes(run, notes(0, 'x'))).toEqual(notes(1, 'x'));
    expect(readFileSync(join(elsewhere, 'next.json'), 'utf8')).toBe('of somebody');
    expect(lstatSync(join(run, 'notes.json')).isFile()).toBe(true);
    expect(readdirSync(run)).toEqual(['notes.json']);
    symlinkSync(elsewhere, join(run, '.notes'));
    await expect(writeNotes(run, notes(1, 'y'))).rejects.toThrow(/\.notes is not a directory$/);
    expect(readdirSync(elsewhere)).toEqual(['next.json']);
    expect(readFileSync(join(elsewhere, 'next.json'), 'utf8')).toBe('of somebody');
    expect(readNotes(run).notes.note).toBe('x');
  });

  it('are cut between whole characters', async () => {
    const directory = await temporaryDirectory();
    const note = `${'x'.repeat(19_999)}😀`;
    writeFileSync(join(directory, 'notes.json'), JSON.stringify({ schema_version: 1, ...notes(1, note) }));
    expect(readNotes(directory).notes.note).toBe('x'.repeat(19_999));
  });
});
