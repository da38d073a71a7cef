// Lines to draw: of many points a sample that keeps the first, the last and every extreme.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readSeries, sampled } from '../../src/board/series.ts';
import { temporaryDirectory } from '../support/temporary_directory.ts';

it('holds the last value of a step that was logged twice, a gap for what is no number, and steps in their order', async () => {
  const file = join(await temporaryDirectory(), 'metrics.jsonl');
  await writeFile(
    file,
    '{"step":0,"a":1}\n{"step":2,"a":"NaN","b":true}\n{"step":1,"a":3}\n{"step":0,"a":5}\n{"step":9,"a":7',
  );
  expect(await readSeries(file)).toEqual({
    series: [{ metric: 'a', steps: [0, 1, 2], values: [5, 3, null], logged: 3 }],
    names: ['a'],
    problem: null,
  });
});

it('a sample has the ends and the extremes of all points', () => {
  const value = fc.oneof(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), fc.constant(Number.NaN));
  fc.assert(
    fc.property(fc.array(value, { minLength: 1, maxLength: 300 }), fc.integer({ min: 8, max: 60 }), (values, most) => {
      const points = values.map((each, step): [number, number] => [step, each]);
      const shown = sampled(points, most);
      expect(shown[0]).toEqual(points[0]);
      expect(shown.at(-1)).toEqual(points.at(-1));
      const finite = (of: readonly (readonly [number, number])[]) => of.map(([, each]) => each).filter(Number.isFinite);
      const extremes = (of: readonly (readonly [number, number])[]) => [
        Math.min(...finite(of)),
        Math.max(...finite(of)),
      ];
      expect(extremes(shown)).toEqual(extremes(points));
      expect(shown.length).toBeLessThanOrEqual(Math.max(most, points.length <= most ? points.length : most));
    }),
  );
});
