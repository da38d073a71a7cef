// Charts of time spans: where the bars lie, and that any spans make a page.

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ganttHtml } from '../../src/training/gantt.ts';
import { dropIterations, iterationName } from '../../src/training/iteration_directory.ts';
import { spanChart } from '../../src/training/span_chart.ts';
import type { Span } from '../../src/training/trace.ts';
import type { TrainingEvent } from '../../src/training/types.ts';
import { contentOf, nodesOf, parseMarkup } from '../support/markup.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

const span = (name: string, wall_start: number, wall_end: number): Span => ({
  name,
  duration: wall_end - wall_start,
  wall_start,
  wall_end,
});

/** Of each bar its left and right end and its top. */
function bars(page: string): [number, number, number][] {
  const rects = [...nodesOf(parseMarkup(page))].filter(({ tag }) => tag === 'rect');
  return rects.map(({ attrs: { x, y, width } }) => [Number(x), Number(x) + Number(width), Number(y)]);
}

const STEP = [span('inner', 1, 2), span('sample', 0, 4), span('sample', 3, 6), span('sample', 6, 10)];

describe('the chart', () => {
  it('has a lane a name, and a row for each of those that overlap', () => {
    expect(bars(ganttHtml('t', STEP))).toEqual([
      [270, 554, 26],
      [696, 980, 26],
      [483, 696, 46],
      [341, 412, 66],
    ]);
  });

  it('tells each span when the mouse rests on it, and sums them up', () => {
    const page = ganttHtml('t', STEP);
    expect(page).toContain('<title>sample: 3.000 s, from 3.000 to 6.000</title>');
    const rows = [...nodesOf(parseMarkup(page))].filter(({ tag }) => tag === 'tr');
    expect(rows.map((row) => row.children.map(contentOf).join(' '))).toEqual([
      'span count seconds longest of the step',
      'sample 3 11.000 4.000 110.0 %',
      'inner 1 1.000 1.000 10.0 %',
    ]);
  });

  it('is a page for any spans', () => {
    const times = fc.tuple(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.double({ min: 0, max: 1e4, noNaN: true }));
    const any = fc
      .tuple(fc.string({ unit: 'binary' }), times)
      .map(([name, [start, length]]) => span(name, start, start + length));
    fc.assert(
      fc.property(fc.array(any, { maxLength: 100 }), (spans) => {
        const page = ganttHtml('<t>', spans);
        const drawn = bars(page);
        expect(drawn).toHaveLength(spans.length);
        for (const [left, right] of drawn) expect(left >= 270 && right <= 1000).toBe(true);
        expect(page).not.toMatch(/NaN|Infinity/);
      }),
      { numRuns: 30, examples: [[[span('', 0, 5e-324)]], [[span('', 0, 0)]], [[]]] },
    );
  });
});

describe('the file', () => {
  async function opened(every: number) {
    const logPath = await temporaryDirectory();
    const events: TrainingEvent[] = [];
    return { logPath, events, chart: spanChart({ logPath, emit: (event) => events.push(event) }, every) };
  }

  it('is written every so many steps, where the step has its files', async () => {
    const { logPath, chart } = await opened(2);
    for (const step of [0, 1, 2]) await chart(step, STEP);
    expect((await readdir(logPath)).sort()).toEqual(['iteration_000000', 'iteration_000002']);
    expect(await readFile(join(logPath, 'iteration_000002/timing_gantt.html'), 'utf8')).toContain(
      'time spans, iteration 2',
    );
  });

  it('is not written unless asked for', async () => {
    const { logPath, chart } = await opened(0);
    await chart(0, STEP);
    expect(await readdir(logPath)).toEqual([]);
  });

  it('is warned of once where it cannot be written', async () => {
    const { logPath, chart, events } = await opened(1);
    for (const step of [0, 1]) await writeFile(join(logPath, iterationName(step)), '');
    for (const step of [0, 1]) await chart(step, STEP);
    expect(events).toMatchObject([
      { type: 'warning', message: expect.stringMatching(/^charts of time spans could not/) },
    ]);
  });
});

it('what steps have left goes from the step on that a run resumes at', async () => {
  const logPath = await temporaryDirectory();
  const names = [0, 2, 3, 17, 1_000_000].map(iterationName);
  for (const name of [...names, 'iteration_3', 'iteration_00000x', 'checkpoints']) {
    await mkdir(join(logPath, name));
    await writeFile(join(logPath, name, 'train.html'), '');
  }
  await dropIterations(logPath, 3);
  expect((await readdir(logPath)).sort()).toEqual(
    ['checkpoints', 'iteration_000000', 'iteration_000002', 'iteration_00000x', 'iteration_3'].sort(),
  );
  await dropIterations(join(logPath, 'nowhere'), 0);
});
