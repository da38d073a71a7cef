// The order of rows that are read by windows.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Block, rowOrder } from '../../../src/supervised/data/row_order.ts';

function blocksOf(sizes: readonly number[]): Block[] {
  let start = 0;
  return sizes.map((rows) => {
    const block = { start, rows, bytes: rows * 10 };
    start += rows;
    return block;
  });
}

const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 });
const upTo = (length: number) => Array.from({ length }, (_, index) => index);

describe('an order of rows', () => {
  it('holds each row once, but for those that are left out, in windows of bounded size', () => {
    fc.assert(
      fc.property(sizes, fc.array(fc.nat(150)), fc.option(fc.nat(), { nil: null }), (given, out, seed) => {
        const blocks = blocksOf(given);
        const without = new Set(out);
        const order = rowOrder(blocks, seed === null ? null : [seed], { bytes: 200, rows: 15, without });
        const found = upTo(order.length).map((place) => order.at(place));
        const total = given.reduce((sum, rows) => sum + rows, 0);
        const rows = found.map(({ row }) => row);
        expect(rows.toSorted((a, b) => a - b)).toEqual(upTo(total).filter((row) => !without.has(row)));
        if (seed === null) expect(rows).toEqual(rows.toSorted((a, b) => a - b));
        for (const { window, row } of found) {
          const held = window.blocks.reduce((sum, block) => sum + block.rows, 0);
          expect(window.blocks.length === 1 || held <= 15).toBe(true);
          expect(window.blocks.some(({ start, rows }) => start <= row && row < start + rows)).toBe(true);
        }
      }),
    );
  });

  it('is the same wherever it is begun, and leaves a window for good', () => {
    const blocks = blocksOf(upTo(40).map((index) => 3 + (index % 5)));
    const bounds = { bytes: 400, rows: 30 };
    const whole = rowOrder(blocks, [7, 0], bounds);
    const rows = upTo(whole.length).map((place) => whole.at(place).row);
    const from = rowOrder(blocks, [7, 0], bounds);
    expect(upTo(50).map((place) => from.at(100 + place).row)).toEqual(rows.slice(100, 150));
    const firsts = upTo(whole.length).map((place) => whole.at(place).window.first);
    expect(firsts).toEqual(firsts.toSorted((a, b) => a - b));
    expect(new Set(firsts).size).toBeGreaterThan(5);
    expect(rowOrder(blocks, [8, 0], bounds).at(0).row).not.toBe(rows[0]);
  });

  it('of few rows mixes all of them', () => {
    const order = rowOrder(blocksOf([100, 100]), [0], { bytes: 1e6, rows: 1e6 });
    const rows = upTo(200).map((place) => order.at(place).row);
    expect(rows.slice(0, 100).filter((row) => row < 100).length).toBeGreaterThan(25);
    expect(rows.slice(0, 100).filter((row) => row < 100).length).toBeLessThan(75);
  });
});
