// How far two sides are apart: one measure, held to a bound by every test and kept for the table at the end.

import { expect, type TaskMeta } from 'vitest';

/** One comparison: what was compared, how far it was apart, and how far it may be. */
export interface Comparison {
  check: string;
  difference: number;
  bound: number;
}

declare module 'vitest' {
  interface TaskMeta {
    comparisons?: Comparison[];
  }
}

/** max |actual − expected| / max |expected|. */
function relativeDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i] - expected[i]));
    size = Math.max(size, Math.abs(expected[i]));
  }
  return difference / size;
}

/** Asserts that two tensors agree within a relative bound. NaN on either side fails, and so does an expectation of zeros. */
export type ExpectAgreement = (
  check: string,
  bound: number,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
) => void;

export function agreementFor(meta: TaskMeta): ExpectAgreement {
  const comparisons: Comparison[] = [];
  meta.comparisons = comparisons;
  return (check, bound, actual, expected) => {
    expect(actual.length, check).toBe(expected.length);
    const difference = relativeDifference(actual, expected);
    comparisons.push({ check, difference, bound });
    expect(difference, check).toBeLessThanOrEqual(bound);
  };
}
