import fc from 'fast-check';
import { expect, it } from 'vitest';
import { effectOf } from '../../../src/report/study/effects.ts';
import type { Axis } from '../../../src/report/study/study.ts';

const axis: Axis = { field: 'rank', scale: 'log', values: [4, 8, 16, null] };
const point = fc.record({
  value: fc.double({ noNaN: true, min: -1e9, max: 1e9 }).map((number) => number + 0),
  fields: fc.record({ rank: fc.constantFrom(4, 8, 16, null) }),
});
const points = fc.array(point, { maxLength: 60 });

it('every run counts at one value of an axis, and values without runs are left out', () => {
  fc.assert(
    fc.property(points, (given) => {
      const { levels } = effectOf(axis, given, 'minimize');
      expect(levels.reduce((sum, { n }) => sum + n, 0)).toBe(given.length);
      expect(levels.map(({ value }) => value)).toEqual(
        axis.values.filter((value) => given.some(({ fields }) => fields.rank === value)),
      );
    }),
  );
});

it('the middle half lies between the least and the greatest, and the best is one of these', () => {
  fc.assert(
    fc.property(points, fc.constantFrom('minimize', 'maximize', null), (given, goal) => {
      for (const { value, mean, low, high, best } of effectOf(axis, given, goal).levels) {
        const reached = given.filter(({ fields }) => fields.rank === value).map((each) => each.value);
        const [least, greatest] = [Math.min(...reached), Math.max(...reached)];
        const rounding = Math.max(Math.abs(least), Math.abs(greatest)) * 1e-12;
        expect(low).toBeGreaterThanOrEqual(least - rounding);
        expect(high).toBeGreaterThanOrEqual(low - rounding);
        expect(high).toBeLessThanOrEqual(greatest + rounding);
        expect(mean).toBeGreaterThanOrEqual(least - rounding);
        expect(mean).toBeLessThanOrEqual(greatest + rounding);
        expect(best).toBe(goal === null ? null : goal === 'minimize' ? least : greatest);
      }
    }),
  );
});

it('says the same in whatever order the runs stand', () => {
  fc.assert(
    fc.property(points, (given) => {
      expect(effectOf(axis, given.toReversed(), 'maximize')).toEqual(effectOf(axis, given, 'maximize'));
    }),
  );
});
