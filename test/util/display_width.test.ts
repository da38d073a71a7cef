// Columns on a terminal.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { displayWidth, fitted } from '../../src/util/display_width.ts';

describe('displayWidth', () => {
  test('counts columns of the terminal', () => {
    expect(['abc', '学習率', 'é', '🚀', '한글', '★ ▁█ ±'].map(displayWidth)).toEqual([3, 6, 1, 2, 4, 6]);
  });
});

describe('fitted', () => {
  test('is the text where it fits, else as much as does, cut at either end', () => {
    expect(fitted('hello', 5)).toBe('hello');
    expect(fitted('hello!', 5)).toBe('hell…');
    expect(fitted('hello!', 5, 'end')).toBe('…llo!');
    expect(fitted('日本語', 5)).toBe('日本…');
    expect(fitted('日本語', 5, 'end')).toBe('…本語');
    expect(fitted('x'.repeat(1e6), 3)).toBe('xx…');
  });

  test('is never wider than the columns', () => {
    const any = fc.string({ unit: fc.constantFrom('a', '日', '🚀', 'e\u0301', '👩‍👩‍👧', '\ud83d'), maxLength: 60 });
    fc.assert(
      fc.property(
        any,
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom('start' as const, 'end' as const),
        (text, columns, keep) => {
          expect(displayWidth(fitted(text, columns, keep))).toBeLessThanOrEqual(columns);
        },
      ),
    );
  });
});
