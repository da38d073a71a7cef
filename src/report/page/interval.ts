// Intervals for the means of a few seeds: Student's t, and Welch's for the difference of two configurations.

export interface Sample {
  mean: number;
  /** Of the sample; null for a single value. */
  sd: number | null;
  n: number;
}

export interface Interval {
  low: number;
  high: number;
}

/** Where the mean lies with a confidence of 95 %, if the values scatter normally; null for fewer than two. */
export function meanInterval({ mean, sd, n }: Sample): Interval | null {
  if (sd === null || n < 2) return null;
  const half = (tQuantile(n - 1) * sd) / Math.sqrt(n);
  return { low: mean - half, high: mean + half };
}

/** The same of `a - b`; null where one of them has fewer than two values. */
export function differenceInterval(a: Sample, b: Sample): Interval | null {
  if (a.sd === null || b.sd === null || a.n < 2 || b.n < 2) return null;
  const [x, y] = [a.sd ** 2 / a.n, b.sd ** 2 / b.n];
  const error = Math.sqrt(x + y);
  // Welch and Satterthwaite; where nothing scatters, the interval is a point whatever the degrees of freedom.
  const freedom = error === 0 ? 1 : (x + y) ** 2 / (x ** 2 / (a.n - 1) + y ** 2 / (b.n - 1));
  const half = tQuantile(Math.max(1, Math.floor(freedom))) * error;
  return { low: a.mean - b.mean - half, high: a.mean - b.mean + half };
}

/**
 * The 97.5 % quantile of Student's t for a whole number of degrees of freedom: exact for one and two, else the expansion around
 * the normal quantile (Abramowitz and Stegun 26.7.5), whose error is below 0.03 at three and shrinks from there.
 */
function tQuantile(freedom: number): number {
  const exact = EXACT[freedom - 1];
  if (exact !== undefined) return exact;
  const z = 1.959963984540054;
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160,
  ];
  return terms.reduce((sum, term, i) => sum + term / freedom ** (i + 1), z);
}

/** For up to six, where the expansion is off in the third digit. */
const EXACT = [12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912];
