// The normal distribution against scipy's, far into the tails.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  normalBelow,
  normalBetween,
  normalQuantile,
  truncatedNormalAt,
} from '../../../src/study/search/normal_distribution.ts';

const near = (actual: number, expected: number, error: number) =>
  expect(Math.abs(actual - expected), `${actual} and ${expected}`).toBeLessThanOrEqual(error * Math.abs(expected));

it("has scipy's masses and quantiles", () => {
  // scipy 1.17.1: stats.norm.cdf, stats.norm.ppf
  for (const [z, mass] of [
    [-10, 7.61985302416047e-24],
    [-5.5, 1.898956246588768e-8],
    [-2.9, 0.0018658133003840375],
    [-1, 0.15865525393145707],
    [-0.3, 0.3820885778110474],
    [0, 0.5],
    [0.7, 0.758036347776927],
    [2.5, 0.9937903346742238],
    [6, 0.9999999990134123],
  ])
    near(normalBelow(z), mass, 1e-12);
  for (const [p, z] of [
    [1e-300, -37.0470962993612],
    [1e-20, -9.262340089798409],
    [1e-5, -4.264890793922825],
    [0.01, -2.3263478740408408],
    [0.2, -0.8416212335729142],
    [0.6, 0.2533471031357997],
    [0.99, 2.3263478740408408],
    [1 - 1e-10, 6.361340889697422],
  ])
    near(normalQuantile(p), z, 1e-12);
  expect([normalBelow(Number.NEGATIVE_INFINITY), normalBelow(Number.POSITIVE_INFINITY)]).toEqual([0, 1]);
});

it('has small masses in the right tail as exactly as in the left', () => {
  near(normalBetween(9, 10), normalBetween(-10, -9), 1e-15);
  expect(normalBetween(9, 10)).toBeGreaterThan(0);
});

it('draws between its bounds, in order, and finds the share again', () => {
  const bound = fc.double({ min: 1e-3, max: 100, noNaN: true });
  const share = fc.double({ min: 0, max: 1 - 1e-12, noNaN: true });
  fc.assert(
    fc.property(bound, bound, share, share, (below, above, u, v) => {
      const at = truncatedNormalAt(u, -below, above);
      expect(at).toBeGreaterThanOrEqual(-below);
      expect(at).toBeLessThanOrEqual(above);
      if (u < v) expect(truncatedNormalAt(v, -below, above)).toBeGreaterThanOrEqual(at - 1e-12);
      const found = normalBetween(-below, at) / normalBetween(-below, above);
      expect(Math.abs(found - u)).toBeLessThan(1e-9);
    }),
  );
});
