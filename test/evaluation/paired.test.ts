// The statistics of two models on the same examples, against what they are defined as.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mcnemarExact, pairedResult } from '../../src/evaluation/paired.ts';

describe("McNemar's exact test", () => {
  it('is the two-sided binomial test', () => {
    const binomial = (n: number, k: number) =>
      Array.from({ length: k }, (_, i) => (n - i) / (i + 1)).reduce((product, factor) => product * factor, 1);
    fc.assert(
      fc.property(fc.nat(20), fc.nat(20), (worse, better) => {
        const n = worse + better;
        const tail = Array.from({ length: Math.min(worse, better) + 1 }, (_, k) => binomial(n, k) / 2 ** n);
        const p = Math.min(1, 2 * tail.reduce((sum, each) => sum + each, 0));
        expect(mcnemarExact(worse, better)).toBeCloseTo(p, 12);
        expect(mcnemarExact(better, worse)).toBe(mcnemarExact(worse, better));
      }),
    );
  });

  it.each([
    [0, 0, 1],
    [2, 10, 0.038574],
    [5, 5, 1],
    [0, 6, 0.03125],
    [2400, 2600, 0.0049],
  ])('%i against %i is %d', (worse, better, p) => expect(mcnemarExact(worse, better)).toBeCloseTo(p, 4));
});

const shares = (both: number, onlyA: number, onlyB: number, neither: number): [number, number][] => [
  ...Array<[number, number]>(both).fill([1, 1]),
  ...Array<[number, number]>(onlyA).fill([1, 0]),
  ...Array<[number, number]>(onlyB).fill([0, 1]),
  ...Array<[number, number]>(neither).fill([0, 0]),
];

describe('two models', () => {
  it('are compared example by example', () => {
    const result = pairedResult(shares(50, 5, 25, 20), { seed: 0, oneAnswerEach: true });
    expect(result).toMatchObject({ num_examples: 100, score_a: 0.55, score_b: 0.75, test: 'mcnemar' });
    expect(result.difference).toBeCloseTo(0.2, 12);
    // The standard error of the paired difference is 0.0513.
    expect(result.difference_interval[0]).toBeCloseTo(0.1, 1);
    expect(result.difference_interval[1]).toBeCloseTo(0.3, 1);
    expect(result.p_value).toBeCloseTo(mcnemarExact(5, 25), 12);
  });

  it('differ by the same with the same seed, and by hardly anything else with another', () => {
    const of = (seed: number) => pairedResult(shares(50, 5, 25, 20), { seed, oneAnswerEach: false });
    expect(of(3)).toEqual(of(3));
    // Of shares that are all different, bounds are: those of right and wrong answers are hundredths.
    const fractions = Array.from({ length: 30 }, (_, i): [number, number] => [Math.sin(i) ** 2, Math.cos(i) ** 2]);
    const bounds = [3, 4, 5].map(
      (seed) => pairedResult(fractions, { seed, oneAnswerEach: false }).difference_interval[0],
    );
    expect(new Set(bounds).size).toBe(3);
    expect(Math.max(...bounds) - Math.min(...bounds)).toBeLessThan(0.02);
    expect(of(3).p_value).toBeLessThan(0.002);
    expect(of(4).p_value).toBeLessThan(0.002);
  });

  it('that are the same are no further apart than chance', () => {
    const same = pairedResult(shares(5, 0, 0, 5), { seed: 0, oneAnswerEach: false });
    expect(same).toMatchObject({ difference: 0, difference_interval: [0, 0], p_value: 1 });
  });

  it('are drawn fewer times on very many examples', () => {
    const all = Array<[number, number]>(5_000).fill([0, 0.5]);
    // No other signs add up to as much, so what was seen is the one time.
    expect(pairedResult(all, { seed: 0, oneAnswerEach: false }).p_value).toBe(1 / 4_001);
    expect(pairedResult(all.slice(0, 100), { seed: 0, oneAnswerEach: false }).p_value).toBe(1 / 10_001);
  });

  it('whose differences are drawn by chance are told apart about one time in twenty', () => {
    let apart = 0;
    let covered = 0;
    for (let trial = 0; trial < 30; trial++) {
      // A fixed pattern of flips that is another one in each trial.
      const flips = Array.from({ length: 40 }, (_, i) => ((trial * 7919 + i * 104729 + trial * i * i) % 101) % 2);
      const pairs = flips.map((flip): [number, number] => (flip === 1 ? [0, 0.5] : [0.5, 0]));
      const { p_value, difference_interval } = pairedResult(pairs, { seed: trial, oneAnswerEach: false });
      apart += Number(p_value < 0.05);
      covered += Number(difference_interval[0] <= 0 && difference_interval[1] >= 0);
    }
    expect(apart).toBeLessThan(7);
    expect(covered).toBeGreaterThan(22);
  });
});
