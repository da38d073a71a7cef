// The timer of an iteration: metric names, the file of spans, and that nothing is lost when a part fails.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { IterationTimer } from '../../src/training/trace.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

it('names a span that occurred once by its name, and sums up one that recurred', async () => {
  const timer = new IterationTimer();
  expect(await timer.timed('sample', () => 'result')).toBe('result');
  await timer.timed('step', async () => undefined);
  await timer.timed('step', () => undefined);
  const metrics = timer.metrics();
  expect(Object.keys(metrics)).toEqual([
    'time/sample',
    'time/step:total',
    'time/step:count',
    'time/step:mean',
    'time/step:max',
    'time/total',
  ]);
  expect(metrics['time/step:count']).toBe(2);
  expect(metrics['time/step:mean']).toBe(Number(metrics['time/step:total']) / 2);
  expect(metrics['time/step:max']).toBeLessThanOrEqual(Number(metrics['time/step:total']));
  expect(metrics['time/total']).toBeGreaterThanOrEqual(Number(metrics['time/sample']));
});

it('times a part that fails and lets its error through', async () => {
  const timer = new IterationTimer();
  await expect(timer.timed('broken', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(timer.metrics()).toHaveProperty(['time/broken']);
});

it('appends a line of spans an iteration, with times from its beginning', async () => {
  const directory = await temporaryDirectory();
  for (const step of [0, 1]) {
    const timer = new IterationTimer();
    await timer.timed('outer', () => timer.timed('inner', () => undefined));
    await timer.write(directory, step);
  }
  const lines = (await readFile(join(directory, 'timing_spans.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toMatchObject([
    { step: 0, spans: [{ name: 'inner' }, { name: 'outer' }] },
    { step: 1, spans: [{ name: 'inner' }, { name: 'outer' }] },
  ]);
  const [inner, outer] = lines[0].spans;
  expect(outer.wall_start).toBeLessThanOrEqual(inner.wall_start);
  expect(inner.wall_end).toBeLessThanOrEqual(outer.wall_end);
  expect(outer.duration).toBe(outer.wall_end - outer.wall_start);
});
