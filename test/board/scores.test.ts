// Results of evaluations on the board: read by a process that gives way, while the board answers everybody else.

import { getPriority } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { answersTo, writeAnswers } from '../report/evaluation_directories.ts';
import { writeRun } from '../report/run_directories.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';
import { childrenOf } from './children.ts';
import { opened } from './support.ts';

const readers = () => childrenOf(process.pid).filter(({ command }) => command.includes('read_scores.mjs'));

async function evaluated() {
  // That of the test before may still be there for a moment.
  await expect.poll(readers).toEqual([]);
  const directory = await temporaryDirectory();
  writeRun(join(directory, 'a'));
  writeAnswers(join(directory, 'evals/p/sums'), answersTo(40, 30), { 'settings.json': { model: 'P' } });
  writeAnswers(join(directory, 'evals/q/sums'), answersTo(40, 10), { 'settings.json': { model: 'Q' } });
  return await opened(directory);
}

async function reader(): Promise<number> {
  let pid: number | undefined;
  await expect
    .poll(
      () => {
        pid = readers()[0]?.pid;
        return pid;
      },
      { interval: 5 },
    )
    .toBeDefined();
  return pid ?? 0;
}

it('the board answers while they are read', async () => {
  const board = await evaluated();
  const asking = board.json('/api/scores');
  const pid = await reader();
  process.kill(pid, 'SIGSTOP');
  expect(getPriority(pid)).toBe(19);
  expect(await board.json('/api/board')).toMatchObject({ runs: [{ run: 'a' }] });
  process.kill(pid, 'SIGCONT');
  const scores = await asking;
  expect(scores).toMatchObject({
    benchmarks: [{ benchmark: 'sums', scores: [{ model: 'P' }, { model: 'Q', difference: { value: -0.5 } }] }],
    problems: [],
  });
  // They are not read again before many times as long has passed.
  expect(await board.json('/api/scores')).toEqual(scores);
  expect(readers().filter((each) => each.pid !== pid)).toEqual([]);
});

it('a reader that comes to an end is told of, and harms nothing else', async () => {
  const board = await evaluated();
  const asking = board.json('/api/scores');
  process.kill(await reader(), 'SIGKILL');
  expect(await asking).toEqual({
    benchmarks: [],
    problems: ['The evaluations cannot be read: reading them may take more than 2048 MiB of memory'],
  });
  expect(board.failures).toEqual([]);
});

it('a board that closes does not wait for them', async () => {
  const board = await evaluated();
  const asking = board.json('/api/scores').catch(() => null);
  process.kill(await reader(), 'SIGSTOP');
  await board.close();
  await asking;
  await expect.poll(readers).toEqual([]);
});
