import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { passAtK, reportedKs } from '../../src/evaluation/pass_at_k.ts';

const counts = fc
  .integer({ min: 1, max: 12 })
  .chain((n) => fc.record({ n: fc.constant(n), c: fc.nat({ max: n }), k: fc.integer({ min: 1, max: n }) }));

/** Every choice of k of n answers, of which the first c are right. */
function shareWithARightOne(n: number, c: number, k: number): number {
  let all = 0;
  let right = 0;
  for (let chosen = 0; chosen < 2 ** n; chosen++) {
    const picked = Array.from({ length: n }, (_, i) => (chosen >> i) & 1);
    if (picked.reduce((sum, bit) => sum + bit, 0) !== k) continue;
    all += 1;
    right += Number(picked.slice(0, c).includes(1));
  }
  return right / all;
}

describe('pass@k', () => {
  it('is the share of all choices of k answers that hold a right one', () => {
    fc.assert(
      fc.property(counts, ({ n, c, k }) => {
        expect(passAtK(n, c, k)).toBeCloseTo(shareWithARightOne(n, c, k), 12);
      }),
      { numRuns: 60 },
    );
  });

  it('is the share of right answers for k = 1, and grows with c and with k', () => {
    fc.assert(
      fc.property(counts, ({ n, c, k }) => {
        expect(passAtK(n, c, 1)).toBeCloseTo(c / n, 12);
        if (c < n) expect(passAtK(n, c + 1, k)).toBeGreaterThanOrEqual(passAtK(n, c, k) - 1e-12);
        if (k < n) expect(passAtK(n, c, k + 1)).toBeGreaterThanOrEqual(passAtK(n, c, k) - 1e-12);
      }),
    );
  });

  it('is a number for as many answers as anybody has', () => {
    expect(passAtK(10_000, 1, 5000)).toBeCloseTo(0.5, 10);
    expect([passAtK(10_000, 0, 100), passAtK(10_000, 10_000, 100)]).toEqual([0, 1]);
  });

  it('is told of the usual k and of all answers', () => {
    expect([1, 3, 5, 8, 100, 120].map(reportedKs)).toEqual([
      [1],
      [1, 3],
      [1, 5],
      [1, 5, 8],
      [1, 5, 10, 25, 50, 100],
      [1, 5, 10, 25, 50, 100, 120],
    ]);
  });
});
