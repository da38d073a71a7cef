// The log of a run as lines to draw: read on from where it was read up to, and of a large one blocks that lie evenly in it.

import { appendFile, open, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PIECE_BYTES, RunSeries } from '../../src/board/run_series.ts';
import { SeriesStore } from '../../src/board/series_store.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

const MUCH = 64 * PIECE_BYTES;

it('grows with its log, begins anew where that was cut back, and leaves out a line that a writer is at', async () => {
  const file = join(await temporaryDirectory(), 'metrics.jsonl');
  const log = new RunSeries(file);
  await writeFile(file, '{"step":0,"a":1}\n{"step":1,"a":"NaN","b":true}\n{"step":2,"a":7');
  await log.read(MUCH);
  expect([log.metrics, log.series('a')]).toEqual([['a'], { metric: 'a', steps: [0, 1], values: [1, null], logged: 2 }]);
  await appendFile(file, '5}\n{"step":3,"a":2}');
  await log.read(MUCH);
  expect(log.series('a')).toMatchObject({ steps: [0, 1, 2, 3], values: [1, null, 75, 2] });
  await appendFile(file, '\n{"step":4,"c":8}\nno object\n');
  await log.read(MUCH);
  expect([log.metrics, log.series('c')?.values, log.problem]).toEqual([
    ['a', 'c'],
    [8],
    '1 line of metrics.jsonl is damaged',
  ]);
  await truncate(file, '{"step":0,"a":1}\n'.length);
  await appendFile(file, '{"step":1,"a":9}\n');
  await log.read(MUCH);
  expect([log.metrics, log.series('a')?.values, log.problem]).toEqual([['a'], [1, 9], null]);
});

it('of a large log reads its share, with the beginning and the end, and says so; later only what is new', async () => {
  const file = join(await temporaryDirectory(), 'metrics.jsonl');
  const rows = Array.from({ length: 60_000 }, (_, step) => `{"step":${step},"a":${step},"pad":"${'x'.repeat(100)}"}\n`);
  await writeFile(file, rows.join(''));
  const log = new RunSeries(file);
  await log.read(2 * PIECE_BYTES);
  const sampled = log.series('a');
  expect([sampled?.steps[0], sampled?.steps.at(-1)]).toEqual([0, 59_999]);
  expect(sampled?.logged).toBeLessThan(20_000);
  expect(log.problem).toMatch(/^metrics\.jsonl is long: \d+ MiB of it are passed over/);
  await appendFile(file, '{"step":60000,"a":-1}\n');
  await log.read(2 * PIECE_BYTES);
  expect([log.series('a')?.logged, log.series('a')?.values.at(-1)]).toEqual([Number(sampled?.logged) + 1, -1]);
  await log.read(MUCH);
  expect([log.series('a')?.logged, log.problem]).toEqual([60_001, null]);
});

it('of a large log is not read again because somebody has asked for less of it in between', async () => {
  const file = join(await temporaryDirectory(), 'metrics.jsonl');
  const rows = Array.from({ length: 60_000 }, (_, step) => `{"step":${step},"a":${step},"pad":"${'x'.repeat(100)}"}\n`);
  await writeFile(file, rows.join(''));
  const log = new RunSeries(file);
  await log.read(4 * PIECE_BYTES);
  const known = log.series('a');
  // A line that lies in what was read, and that nothing but reading it again would tell: the file has the same number and end.
  const changed = await open(file, 'r+');
  await changed.write('{"step":0,"a":7', 0);
  await changed.close();
  await log.read(2 * PIECE_BYTES);
  await log.read(4 * PIECE_BYTES);
  expect(log.series('a')).toEqual(known);
  await log.read(MUCH);
  expect(log.series('a')?.values[0]).toBe(7);
});

it('reads lines of several megabytes, and passes over those that are longer than any', async () => {
  const file = join(await temporaryDirectory(), 'metrics.jsonl');
  const wide = JSON.stringify({
    step: 0,
    ...Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`metric/${i}`, i])),
  });
  await writeFile(file, `${wide}\n${'x'.repeat(20 * 2 ** 20)}\n{"step":1,"metric/0":5}\n`);
  const log = new RunSeries(file);
  await log.read(MUCH);
  expect(log.series('metric/0')?.values).toEqual([0, 5]);
  expect(log.metrics).toHaveLength(500);
});

it('of very many metrics takes in the first ones and those that the run is judged by, and counts the others', async () => {
  const file = join(await temporaryDirectory(), 'metrics.jsonl');
  const names = Array.from({ length: 600 }, (_, i) => [`metric/${i}`, i]);
  const row = (step: number, more = {}) => `${JSON.stringify({ step, ...Object.fromEntries(names), ...more })}\n`;
  await writeFile(file, row(0, { 'test/nll': 3 }) + row(1, { 'test/nll': 2 }));
  const log = new RunSeries(file);
  await log.read(MUCH, ['test/nll', 'reward']);
  expect([log.metrics.length, log.series('test/nll')?.values, log.admits]).toEqual([501, [3, 2], ['reward']]);
  expect(log.problem).toBe('100 metrics of the run left out: there are more than 500');
  await appendFile(file, row(2, { reward: 5 }));
  await log.read(MUCH, ['test/nll', 'reward']);
  expect([log.series('reward')?.values, log.admits]).toEqual([[5], []]);
  // What it is judged by from now on was left out so far.
  await log.read(MUCH, ['metric/599']);
  expect(log.series('metric/599')?.steps).toEqual([0, 1, 2]);
  const few = new RunSeries(join(file, '..', 'few.jsonl'));
  await writeFile(join(file, '..', 'few.jsonl'), '{"step":0,"a":1}\n');
  await few.read(MUCH, ['test/nll']);
  expect([few.admits, few.problem]).toEqual([null, null]);
});

it('of what is no regular file says why there is nothing', async () => {
  const directory = await temporaryDirectory();
  const [log, none] = await new SeriesStore().read(
    [directory, join(directory, 'none')].map((file) => ({ file, telling: [] })),
  );
  expect([log?.problem, none?.problem]).toEqual([
    'metrics.jsonl: is not a regular file',
    expect.stringContaining('ENOENT'),
  ]);
});
