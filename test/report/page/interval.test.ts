import { describe, expect, it } from 'vitest';
import { differenceInterval, meanInterval } from '../../../src/report/page/interval.ts';

const rounded = (interval: { low: number; high: number } | null) =>
  interval === null ? null : [interval.low, interval.high].map((end) => Number(end.toPrecision(4)));

/** By tables of Student's t: 12.71, 4.303, 2.365, 2.042 for 1, 2, 7 and 30 degrees of freedom. */
describe('an interval', () => {
  it('of a mean is that of Student', () => {
    expect(rounded(meanInterval({ mean: 10, sd: 1, n: 2 }))).toEqual([1.015, 18.98]);
    expect(rounded(meanInterval({ mean: 10, sd: 1, n: 3 }))).toEqual([7.516, 12.48]);
    expect(rounded(meanInterval({ mean: 10, sd: 1, n: 8 }))).toEqual([9.164, 10.84]);
    expect(rounded(meanInterval({ mean: 10, sd: 1, n: 31 }))).toEqual([9.633, 10.37]);
  });

  it('of a difference is wider where fewer seeds were run', () => {
    const few = differenceInterval({ mean: 2, sd: 0.1, n: 3 }, { mean: 1, sd: 0.1, n: 3 });
    const many = differenceInterval({ mean: 2, sd: 0.1, n: 30 }, { mean: 1, sd: 0.1, n: 30 });
    expect(rounded(few)).toEqual([0.7733, 1.227]);
    expect(rounded(many)).toEqual([0.9483, 1.052]);
  });

  it('is not known of a single value, and is a point where nothing scatters', () => {
    expect(meanInterval({ mean: 1, sd: null, n: 1 })).toBeNull();
    expect(differenceInterval({ mean: 1, sd: 0.1, n: 2 }, { mean: 2, sd: null, n: 1 })).toBeNull();
    expect(differenceInterval({ mean: 2, sd: 0, n: 3 }, { mean: 1, sd: 0, n: 3 })).toEqual({ low: 1, high: 1 });
  });
});
