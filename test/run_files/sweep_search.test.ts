// Which search and rule a sweep says that it has, and in which order its runs were asked for.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readSweepSearch, searchText, trialsOf } from '../../src/run_files/sweep_search.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

async function sweepOf(fields: object): Promise<string> {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, 'sweep.json'), JSON.stringify(fields));
  return directory;
}

it.each([
  [{ search: { builder: 'grid' }, early_stopping: null }, null],
  [{}, null],
  [{ search: { builder: 'tpe' } }, 'tpe'],
  [{ search: { builder: 'grid' }, early_stopping: { builder: 'asha', min_steps: 1 } }, 'grid, given up by asha'],
  [{ search: 5, early_stopping: { builder: 'a\u001b[31m' } }, expect.not.stringContaining('\u001b')],
])('%j is told as %j', async (fields, text) => {
  expect(searchText(readSweepSearch(await sweepOf(fields)))).toEqual(text);
});

it('a run has the number of the first trial that it was asked for', async () => {
  const directory = await sweepOf({});
  expect(trialsOf(directory).size).toBe(0);
  await mkdir(join(directory, 'study'));
  const events = [
    { event: 'asked', trial: 0, point: {}, runs: ['a', 'b'] },
    { event: 'told', trial: 0, state: 'finished', value: 1, step: null },
    { event: 'asked', trial: 1, point: {}, runs: ['b', 'c'] },
    { event: 'asked', trial: 'x', runs: 7 },
  ];
  await writeFile(join(directory, 'study/events.jsonl'), events.map((each) => `${JSON.stringify(each)}\n`).join(''));
  expect([...trialsOf(directory)]).toEqual([
    ['a', 0],
    ['b', 0],
    ['c', 1],
  ]);
});
