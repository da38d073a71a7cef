import fc from 'fast-check';
import { expect, it } from 'vitest';
import { layOut } from '../../src/engine/layout.ts';

it('lays out once what sequences share as their context, in front of all else', () => {
  const sequences = [
    { tokens: [9, 9], context: 1 },
    { tokens: [1, 2, 3], context: 2 },
    { tokens: [1, 2, 4, 5], context: 2 },
    { tokens: [1, 2, 6], context: 1 },
  ];
  expect(layOut(sequences)).toEqual({
    tokens: [1, 2, 9, 9, 3, 4, 5, 1, 2, 6],
    positions: [0, 1, 0, 1, 2, 2, 3, 0, 1, 2],
    rows_B_T: [
      [2, 3],
      [0, 1, 4],
      [0, 1, 5, 6],
      [7, 8, 9],
    ],
    shared: 2,
  });
});

it('gives no row to more than 16 sequences', () => {
  const { tokens, shared } = layOut(Array.from({ length: 33 }, (_, d) => ({ tokens: [7, 7, d], context: 2 })));
  // The 33rd has nobody to share with.
  expect([tokens.length, shared]).toEqual([33 + 3 * 2, 4]);
});

const sequence = fc
  .tuple(fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 1, maxLength: 6 }), fc.nat())
  .map(([tokens, n]) => ({ tokens, context: n % tokens.length }));

it('has every token of every sequence at its position, and shares rows of contexts alone', () => {
  fc.assert(
    fc.property(fc.array(sequence, { minLength: 1, maxLength: 50 }), (sequences) => {
      const { tokens, positions, rows_B_T, shared } = layOut(sequences);
      const uses = tokens.map(() => 0);
      for (const [b, rows_T] of rows_B_T.entries()) {
        expect(rows_T.map((row) => tokens[row])).toEqual(sequences[b].tokens);
        expect(rows_T.map((row) => positions[row])).toEqual([...rows_T.keys()]);
        for (const [t, row] of rows_T.entries()) {
          uses[row] += 1;
          if (row < shared) expect(t).toBeLessThan(sequences[b].context);
        }
      }
      expect(uses.every((count, row) => (row < shared ? count >= 2 && count <= 16 : count === 1))).toBe(true);
    }),
  );
});
