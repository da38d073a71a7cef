import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sparkline } from '../../src/report/sparkline.ts';

describe('sparkline', () => {
  it('draws the least point lowest and the greatest highest', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7])).toBe('▁▂▃▄▅▆▇█');
    expect(sparkline([2.3, 1.2, 1.1])).toBe('█▁▁');
  });

  it('draws a flat curve through the middle and leaves out what is no number', () => {
    expect(sparkline([3, 3])).toBe('▅▅');
    expect(sparkline([0.1, 0.1 + 2e-17 * 4])).toBe('▅▅');
    expect(sparkline([1, Number.NaN, Number.POSITIVE_INFINITY, 0])).toBe('█  ▁');
    expect(sparkline([])).toBe('');
  });

  it('has one character a point and keeps their order, whatever the numbers', () => {
    fc.assert(
      fc.property(fc.array(fc.double()), (points) => {
        const bars = [...sparkline(points)];
        expect(bars).toHaveLength(points.length);
        const drawn = points.flatMap((point, i) => (Number.isFinite(point) ? [{ point, bar: bars[i] ?? '' }] : []));
        for (const a of drawn) for (const b of drawn) if (a.point < b.point) expect(a.bar <= b.bar).toBe(true);
      }),
    );
  });
});
