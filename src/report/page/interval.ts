// Intervals for the means of a few seeds: Student's t, and Welch's for the difference of two configurations.

import { tQuantile } from './student.ts';

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
  const difference = a.mean - b.mean;
  if (error === 0) return { low: difference, high: difference };
  // Welch and Satterthwaite. By shares, whose squares do not vanish where the variances are small.
  const share = x / (x + y);
  const freedom = 1 / (share ** 2 / (a.n - 1) + (1 - share) ** 2 / (b.n - 1));
  const half = tQuantile(freedom) * error;
  return { low: difference - half, high: difference + half };
}
