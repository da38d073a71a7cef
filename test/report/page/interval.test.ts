import { describe, expect, it } from 'vitest';
import { differenceInterval, meanInterval } from '../../../src/report/page/interval.ts';
import { tQuantile } from '../../../src/report/page/student.ts';

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

  it('of a difference has the degrees of freedom of Welch, which are seldom whole', () => {
    const ofTwo = differenceInterval({ mean: 2, sd: 0.1, n: 2 }, { mean: 1, sd: 0.11, n: 2 });
    // 1.982 degrees of freedom: t = 4.340.
    expect(rounded(ofTwo)).toEqual([0.5438, 1.456]);
    const tiny = differenceInterval({ mean: 2, sd: 1e-100, n: 3 }, { mean: 1, sd: 1e-100, n: 3 });
    expect(rounded(tiny)).toEqual([1, 1]);
  });

  it('is not known of a single value, and is a point where nothing scatters', () => {
    expect(meanInterval({ mean: 1, sd: null, n: 1 })).toBeNull();
    expect(differenceInterval({ mean: 1, sd: 0.1, n: 2 }, { mean: 2, sd: null, n: 1 })).toBeNull();
    expect(differenceInterval({ mean: 2, sd: 0, n: 3 }, { mean: 1, sd: 0, n: 3 })).toEqual({ low: 1, high: 1 });
  });
});

/** By SciPy: t.ppf(0.975, freedom). */
it.each([
  [1, 12.7062047362],
  [1.5, 6.0166631044],
  [1.98, 4.3445707027],
  [2, 4.3026527297],
  [2.5, 3.574654842],
  [5.5, 2.5018586176],
  [10, 2.228138852],
  [30, 2.0422724563],
  [1000, 1.9623390808],
  [100_000, 1.9599877075],
])('t for %s degrees of freedom', (freedom, t) => {
  expect(tQuantile(freedom)).toBeCloseTo(t, 6);
});
