// Worked sums: each step is right, what has nothing to do with them is told apart, and what breaks off says the right answer.

import { describe, expect, it } from 'vitest';
import { answerOf, stepSums, workedSum } from '../../src/recipes/step_sums/step_sums.ts';
import { randomFor } from '../../src/util/random.ts';

describe('a worked sum', () => {
  const sums = stepSums(12);
  const worked = Array.from({ length: 300 }, (_, i) => {
    const sum = sums.at(i);
    const [, reply] = workedSum(sum, { filler: 0.5, early_exit: 0.3 }, randomFor(0, 'test', i));
    return { sum, reply: String(reply.content) };
  });

  it('has steps that are right, and ends in the right answer wherever it breaks off', () => {
    for (const { sum, reply } of worked) {
      for (const [, a, b, c] of reply.matchAll(/(\d+) \+ (\d+) = (\d+)/g))
        expect(Number(a) + Number(b)).toBe(Number(c));
      expect(reply.endsWith(`Answer: ${answerOf(sum)}`)).toBe(true);
    }
  });

  it('never breaks off before its first step, and some do behind it', () => {
    expect(worked.filter(({ reply }) => reply.startsWith('Answer'))).toEqual([]);
    expect(worked.filter(({ reply }) => !reply.includes('Then')).length).toBeGreaterThan(30);
    expect(worked.filter(({ reply }) => reply.includes('Also')).length).toBeGreaterThan(150);
  });
});

it('every sum is there once', () => {
  const sums = stepSums(3);
  const all = Array.from({ length: sums.length }, (_, i) => JSON.stringify(sums.at(i)));
  expect(new Set(all).size).toBe(64);
});
