// How far two sides are apart: one measure, asserted against a bound and kept for the table at the end.

import { expect } from 'vitest';

interface Measured {
  largest: number;
  bound: number;
}

/** max |actual − expected| / max |expected|. */
export function relativeDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i] - expected[i]));
    size = Math.max(size, Math.abs(expected[i]));
  }
  return difference / size;
}

export class Agreement {
  readonly #checks = new Map<string, Measured>();

  /** Asserts that the relative difference stays within the bound. NaN and all-zero expectations fail. */
  within(check: string, bound: number, actual: ArrayLike<number>, expected: ArrayLike<number>): void {
    expect(actual.length, check).toBe(expected.length);
    const difference = relativeDifference(actual, expected);
    const largest = Math.max(difference, this.#checks.get(check)?.largest ?? 0);
    this.#checks.set(check, { largest, bound });
    expect(difference, check).toBeLessThanOrEqual(bound);
  }

  /** The largest differences as lines of a Markdown table. */
  table(): string[] {
    return [...this.#checks].map(
      ([check, { largest, bound }]) => `| ${check} | ${bound.toExponential()} | ${largest.toExponential(1)} |`,
    );
  }
}
