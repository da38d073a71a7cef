// Notes beside a run, written by several processes that are killed between any two of their calls, or stand still there.

import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readNotes } from '../../src/run_files/notes.ts';
import { isJsonObject, objectOf } from '../../src/util/json.ts';
import { writeRun } from '../report/run_directories.ts';
import { supportFile, TestProcess } from '../run/support/processes.ts';

import { callsOf, killBeforeCall } from '../support/crashes.ts';

const COOKBOOK = join(import.meta.dirname, '../../bin/run.js');

const emptyDirectory = () => mkdtempSync(join(tmpdir(), 'cookbook-crash-'));
const writer = (directory: string, revision: number, note: string, env: Record<string, string> = {}) =>
  new TestProcess([supportFile('notes_process.mjs'), directory, String(revision), note], { env });

it('a writer that is killed before any of its calls leaves the old notes or the new ones, and the next one writes at once', async () => {
  const whole = emptyDirectory();
  const untouched = writer(whole, 0, 'first', killBeforeCall(0, whole));
  expect(await untouched.line()).toBe('saved 1');
  await untouched.ended();
  const calls = callsOf(untouched);
  expect(calls).toBeGreaterThan(4);
  for (let call = 1; call <= calls; call++) {
    const directory = emptyDirectory();
    expect(await writer(directory, 0, 'first').line()).toBe('saved 1');
    const killed = writer(directory, 1, 'second', killBeforeCall(call, directory));
    expect(await killed.ended()).toBe('SIGKILL');
    const { notes, problem } = readNotes(directory);
    expect(problem).toBeNull();
    expect(['first', 'second'][notes.revision - 1]).toBe(notes.note);
    expect(await writer(directory, notes.revision, 'third').line()).toBe(`saved ${notes.revision + 1}`);
    expect(readNotes(directory).notes.note).toBe('third');
    expect(readdirSync(directory)).toEqual(['notes.json']);
  }
});

it.skipIf(!existsSync('/proc/self/stat'))(
  'a writer that stands still before any of its calls keeps its place, and never writes over what it has not read',
  async () => {
    for (let call = 1; ; call += 2) {
      const directory = emptyDirectory();
      const env = { ...killBeforeCall(call, directory), FAULT: `SIGSTOP:${call}` };
      const still = writer(directory, 0, 'of the one that stood still', env);
      if ((await still.line()) !== 'stopped') break;
      await still.stopped();
      const other = await writer(directory, 0, 'of the other').line();
      still.signal('SIGCONT');
      const said = await still.line();
      const { notes } = readNotes(directory);
      // One of the two has saved, and was told so.
      expect([other, said].filter((each) => each === 'saved 1')).toHaveLength(1);
      expect(notes).toMatchObject({
        revision: 1,
        note: other === 'saved 1' ? 'of the other' : 'of the one that stood still',
      });
    }
  },
);

it('of two boards of one directory that save at once one is told that it did; a killed one keeps nobody from it', async () => {
  const cwd = emptyDirectory();
  const run = writeRun(join(cwd, 'runs/a'), { metrics: [{ step: 0, 'test/nll': 1 }] });
  const start = async () => {
    const board = new TestProcess([COOKBOOK, 'board', 'runs', '--port', '0'], { cwd, env: { NO_COLOR: '1' } });
    const url = /http:\S+/.exec((await board.line()) ?? '')?.[0] ?? '';
    const shown: unknown = await (await fetch(`${url}/api/board`)).json();
    const change = String(objectOf(isJsonObject(shown) ? shown : null).change);
    const save = async (revision: number, note: string) => {
      const answer = await fetch(`${url}/api/notes`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-Board-Change': change, Origin: url },
        body: JSON.stringify({ run: 'runs/a', revision, tags: [], note }),
      });
      const body: unknown = await answer.json();
      return { status: answer.status, now: objectOf(isJsonObject(body) ? body.now : null).revision };
    };
    return { board, save };
  };
  const second = await start();
  let revision = 0;
  for (let round = 0; round < 4; round++) {
    const first = await start();
    for (let i = 0; i < 5; i++) {
      const ends = await Promise.all([first.save(revision, `first ${i}`), second.save(revision, `second ${i}`)]);
      expect(ends.map(({ status }) => status).sort()).toEqual([200, 409]);
      revision += 1;
      const saved = ends[0]?.status === 200 ? `first ${i}` : `second ${i}`;
      expect(readNotes(run).notes).toMatchObject({ revision, note: saved });
    }
    const lost = first.save(revision, 'never told').catch(() => null);
    await first.board.kill('SIGKILL');
    await lost;
    const { notes } = readNotes(run);
    expect(notes.revision - revision).toBeLessThanOrEqual(1);
    expect(await second.save(notes.revision, 'goes on')).toMatchObject({ status: 200 });
    revision = notes.revision + 1;
  }
});
