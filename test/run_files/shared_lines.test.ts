// Lines that the runs of a sweep share: read by all, added to by one at a time, and no run depends on them.

import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { sharedLinesOf } from '../../src/run_files/shared_lines.ts';
import type { SharedLines } from '../../src/training/types.ts';
import { supportFile, TestProcess } from '../run/support/processes.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

const never = new AbortController().signal;

async function sweep(): Promise<string> {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, 'sweep.json'), '{}');
  return directory;
}

/** What the run `name` of the sweep sees, and what it warns of. */
function seenBy(directory: string, name: string, key = 'same'): { lines: SharedLines; warnings: string[] } {
  const warnings: string[] = [];
  const lines = sharedLinesOf(join(directory, name), 'scores', key, (message) => warnings.push(message));
  if (lines === null) throw new Error('the run is in no sweep');
  return { lines, warnings };
}

const add = (lines: SharedLines, ...added: string[]) => lines.exclusively(never, () => lines.append(added));

it('a run that is in no sweep shares nothing', async () => {
  const directory = await temporaryDirectory();
  expect(sharedLinesOf(join(directory, 'run'), 'scores', 'same', () => undefined)).toBeNull();
  expect(await readdir(directory)).toEqual([]);
});

it('what one run adds the others read, each line once, and runs that compute something else do not', async () => {
  const directory = await sweep();
  const [a, b, other] = [seenBy(directory, 'a'), seenBy(directory, 'b'), seenBy(directory, 'c', 'other')];
  await add(a.lines, 'one', 'two');
  expect(await b.lines.read()).toEqual(['one', 'two']);
  await add(b.lines, 'three');
  expect(await b.lines.read()).toEqual(['three']);
  expect(await a.lines.read()).toEqual(['one', 'two', 'three']);
  expect(await other.lines.read()).toEqual([]);
});

it('runs work in turns', async () => {
  const directory = await sweep();
  const order: string[] = [];
  const work = (name: string) =>
    seenBy(directory, name).lines.exclusively(never, async () => {
      order.push(`${name} begins`);
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
      order.push(`${name} ends`);
    });
  await Promise.all(['a', 'b', 'c'].map(work));
  expect(order).toHaveLength(6);
  for (let i = 0; i < 6; i += 2) expect(order[i + 1]).toBe(order[i]?.replace('begins', 'ends'));
});

it('a run that was killed at its work holds nobody up, and its half line is nobody’s', async () => {
  const directory = await sweep();
  const { lines } = seenBy(directory, 'a');
  await add(lines, 'one');
  const place = join(lines.path, '..');
  const holder = new TestProcess([supportFile('lease_process.mjs')]);
  expect(await holder.line()).toBe('ready');
  expect(await holder.ask(`take ${place}`)).toBe('taken');
  await appendFile(lines.path, 'two\nthr');
  await holder.kill('SIGKILL');
  const b = seenBy(directory, 'b');
  expect(await b.lines.read()).toEqual(['one', 'two']);
  await add(b.lines, 'four');
  expect(await readFile(lines.path, 'utf8')).toBe('one\ntwo\nfour\n');
  expect(await readdir(place)).toEqual(['lines.jsonl']);
  expect(b.warnings).toEqual([]);
});

it('who waits for another can be stopped', async () => {
  const directory = await sweep();
  const stop = new AbortController();
  const [a, b] = [seenBy(directory, 'a'), seenBy(directory, 'b')];
  await a.lines.exclusively(never, async () => {
    const waiting = b.lines.exclusively(stop.signal, () => Promise.reject(new Error('nobody is alone here')));
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  });
});

it('where nothing can be written, runs go on without one another and say so once', async () => {
  const directory = await sweep();
  await writeFile(join(directory, 'scores'), 'a file in the place of the directory');
  const { lines, warnings } = seenBy(directory, 'a');
  let worked = 0;
  for (let turn = 0; turn < 2; turn++) {
    await lines.exclusively(never, async () => {
      worked += 1;
      await lines.append(['one']);
    });
  }
  expect(worked).toBe(2);
  expect(await lines.read()).toEqual([]);
  expect(warnings).toEqual([expect.stringContaining('cannot be shared with the others, and it goes on')]);
});

it('a run that has waited for another for too long goes on, and says once that the others go without what it has', async () => {
  const directory = await sweep();
  const [a, b] = [seenBy(directory, 'a'), seenBy(directory, 'b')];
  let elapsed = 0;
  await a.lines.exclusively(never, async () => {
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => {
      elapsed += 400_000;
      return elapsed;
    });
    try {
      for (const line of ['one', 'two']) await add(b.lines, line);
    } finally {
      clock.mockRestore();
    }
  });
  expect(await b.lines.read()).toEqual([]);
  expect(b.warnings).toEqual([expect.stringMatching(/cannot be shared with the others, .* 5 minutes/)]);
});

it('a file that is deleted is begun anew', async () => {
  const directory = await sweep();
  const { lines } = seenBy(directory, 'a');
  await add(lines, 'one', 'two');
  expect(await lines.read()).toEqual(['one', 'two']);
  await rm(join(directory, 'scores'), { recursive: true });
  expect(await lines.read()).toEqual([]);
  await add(lines, '3');
  expect(await lines.read()).toEqual(['3']);
});

it('a directory in the place of the file is told of, and no run fails', async () => {
  const directory = await sweep();
  const { lines, warnings } = seenBy(directory, 'a');
  await mkdir(lines.path, { recursive: true });
  await add(lines, 'one');
  expect(await lines.read()).toEqual([]);
  expect(warnings).toHaveLength(1);
});
