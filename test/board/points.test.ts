// Points of a metric: in the order of their steps, and of many a sample that keeps the first, the last and every extreme.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Points, sampledPlaces } from '../../src/board/points.ts';

it('have the last value of a step that was logged twice, a gap for what is no number, and steps in their order', () => {
  const points = new Points();
  for (const [step, value] of [
    [0, 1],
    [2, Number.NaN],
    [1, 3],
    [0, 5],
  ] as const)
    points.add(step, value);
  expect([points.shown(9), points.logged]).toEqual([{ steps: [0, 1, 2], values: [5, 3, null] }, 3]);
});

const anyStep = fc.oneof(fc.nat(1e6), fc.double({ noNaN: true, noDefaultInfinity: true }));
const anyValue = fc.oneof(fc.double({ noDefaultInfinity: true }), fc.constant(Number.POSITIVE_INFINITY));

it('as a sample have the ends and the extremes of all of them, whatever steps and values are', () => {
  const steps = fc.uniqueArray(
    anyStep.map((step) => step + 0),
    { minLength: 1, maxLength: 300 },
  );
  fc.assert(
    fc.property(
      steps,
      fc.array(anyValue, { minLength: 300, maxLength: 300 }),
      fc.integer({ min: 8, max: 60 }),
      (given, all, most) => {
        const sorted = given.toSorted((a, b) => a - b);
        const values = all.slice(0, sorted.length);
        const places = sampledPlaces(sorted, values, most);
        expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
        expect([places[0], places.at(-1)]).toEqual([0, sorted.length - 1]);
        expect(places.length).toBeLessThanOrEqual(Math.min(most, sorted.length));
        const finite = (of: readonly number[]) => of.filter(Number.isFinite);
        const shown = finite(places.map((i) => values[i]));
        expect([Math.min(...shown), Math.max(...shown)]).toEqual([
          Math.min(...finite(values)),
          Math.max(...finite(values)),
        ]);
      },
    ),
  );
});

it('are bounded in memory, and keep an extreme among a hundred thousand', () => {
  const points = new Points();
  for (let step = 0; step < 100_000; step++) points.add(step, step === 31_415 ? -7 : Math.sin(step));
  expect(points.size).toBeLessThanOrEqual(2400);
  expect(points.logged).toBe(100_000);
  const { steps, values } = points.shown(600);
  expect([steps[0], steps.at(-1), values[steps.indexOf(31_415)]]).toEqual([0, 99_999, -7]);
});
