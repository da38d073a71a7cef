import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scoreInterval } from '../../src/evaluation/score_interval.ts';

const shares = (answers: number) =>
  fc.array(
    fc.nat({ max: answers }).map((right) => right / answers),
    { minLength: 1, maxLength: 40 },
  );
const width = ([low, high]: [number, number]) => high - low;

describe('the interval of a score', () => {
  it('is that of Wilson for one answer to each example', () => {
    const five = Array.from({ length: 20 }, (_, i) => Number(i < 5));
    const [low, high] = scoreInterval(five, 1);
    expect([low.toFixed(4), high.toFixed(4)]).toEqual(['0.1119', '0.4687']);
  });

  it('lies within 0 and 1 and holds the score', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }).chain((answers) => fc.tuple(fc.constant(answers), shares(answers))),
        ([answers, shares_P]) => {
          const score = shares_P.reduce((sum, share) => sum + share, 0) / shares_P.length;
          const [low, high] = scoreInterval(shares_P, answers);
          expect(low).toBeGreaterThanOrEqual(0);
          expect(low).toBeLessThanOrEqual(score + 1e-12);
          expect(high).toBeGreaterThanOrEqual(score - 1e-12);
          expect(high).toBeLessThanOrEqual(1);
        },
      ),
    );
  });

  it('of several answers is wider the more the examples differ', () => {
    const alike = new Array<number>(20).fill(0.5);
    const mixed = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 0.25 : 0.75));
    const split = Array.from({ length: 20 }, (_, i) => i % 2);
    const ofExamples = width(scoreInterval(split, 1));
    expect(width(scoreInterval(split, 4))).toBe(ofExamples);
    expect(width(scoreInterval(mixed, 4))).toBeLessThan(ofExamples);
    expect(width(scoreInterval(alike, 4))).toBeLessThanOrEqual(ofExamples);
  });
});
