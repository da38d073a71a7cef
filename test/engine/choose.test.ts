import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Choice, chooseToken } from '../../src/engine/choose.ts';

/** By the definition: the whole vocabulary in order, the first k of it, then the fewest whose mass reaches top_p of what is left. */
function keptByDefinition(probabilities: number[], { top_k, top_p }: Choice): number[] {
  const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a] || a - b);
  const first = top_k > 0 ? order.slice(0, top_k) : order;
  const mass = (ids: number[]) => ids.reduce((sum, id) => sum + probabilities[id], 0);
  const size = first.findIndex((_, i) => mass(first.slice(0, i + 1)) >= top_p * mass(first));
  return first.slice(0, size + 1);
}

/** Every token that some draw chooses, by a fine comb of draws. */
function chosen(probabilities: number[], choice: Choice): number[] {
  const draws = Array.from({ length: 1024 }, (_, i) => (i + 0.5) / 1024);
  return [...new Set(draws.map((u) => chooseToken(Float32Array.from(probabilities), choice, u)))];
}

describe('choosing a token', () => {
  it('keeps the tokens that top-k and top-p define, however flat the tail', () => {
    // Multiples of 1/1024, at most 540 of them, so that sums are exact and a comb of 1024 draws misses none.
    const head = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 12 });
    const tail = fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 60 });
    const choice = fc.record({
      temperature: fc.constant(1),
      top_k: fc.constantFrom(-1, 1, 3, 20),
      top_p: fc.constantFrom(0.1, 0.5, 0.8, 0.9, 1),
    });
    fc.assert(
      fc.property(head, tail, choice, (high, low, choice) => {
        const probabilities = [...low, ...high].map((n) => n / 1024);
        fc.pre(probabilities.some((p) => p > 0));
        const kept = keptByDefinition(probabilities, choice).filter((id) => probabilities[id] > 0);
        expect(chosen(probabilities, choice).sort((a, b) => a - b)).toEqual(kept.sort((a, b) => a - b));
      }),
      { seed: 5, numRuns: 300 },
    );
  });

  it('counts the mass of tokens that are too unlikely to be kept', () => {
    const probabilities = [...new Array<number>(100).fill(0.0091), ...new Array<number>(1900).fill(0.09 / 1900)];
    const last = chooseToken(Float32Array.from(probabilities), { temperature: 1, top_k: -1, top_p: 0.8 }, 0.999999);
    expect(last).toBe(87); // 88 tokens of 0.0091 reach 0.8; of the likely ones alone it would be 80
  });
});
