import fc from 'fast-check';
import { expect, test } from 'vitest';
import { displayWidth } from '../../src/util/display_width.ts';
import { WrappedPieces } from '../../src/util/wrapped_pieces.ts';

function screen(pieces: readonly string[], columns: number): string {
  const writer = new WrappedPieces(columns);
  return [...pieces.map((piece) => writer.add(piece)), writer.finish()].join('');
}

test('paragraphs are broken between words, and items of lists go on beside their marks', () => {
  const text =
    'You can buy tea and honey at the tea house.\n\n- tea, which is green\n1. honey of the harbor bees\n  x = 1';
  expect(screen([text], 20)).toBe(
    [
      'You can buy tea and',
      'honey at the tea',
      'house.',
      '',
      '- tea, which is',
      '  green',
      '1. honey of the',
      '   harbor bees',
      '  x = 1',
    ].join('\n'),
  );
  expect(screen([text], Number.POSITIVE_INFINITY)).toBe(text);
});

test('a word is let go when it is whole, and one that is longer than a line before that', () => {
  const writer = new WrappedPieces(10);
  expect(['har', 'bor ', 'is', ' far'].map((piece) => writer.add(piece))).toEqual(['', 'harbor', '', ' is']);
  expect(writer.add('awaybeyondthesea')).toBe('\nfarawaybeyondthesea');
  expect(writer.add('side')).toBe('side');
});

test('wide characters take two columns', () => {
  expect(screen(['日本 日本 日本'], 10)).toBe('日本 日本\n日本');
});

const words = fc.array(
  fc.constantFrom('a', 'harbor', ' ', '\n', '- ', '12. ', '日本', 'é', 'abcdefghijklmnopqrstuvwxyz'),
  {
    maxLength: 40,
  },
);

test('the pieces that a text comes in make no difference', () => {
  fc.assert(
    fc.property(words, fc.integer({ min: 1, max: 30 }), (pieces, columns) => {
      expect(screen(pieces, columns)).toBe(screen([pieces.join('')], columns));
    }),
    { numRuns: 3000 },
  );
});

test('no line is wider than the terminal but for one word', () => {
  fc.assert(
    fc.property(words, fc.integer({ min: 8, max: 30 }), (pieces, columns) => {
      for (const line of screen(pieces, columns).split('\n'))
        if (
          line
            .trim()
            .replace(/^(?:[-*•]|\d+[.)]) +/, '')
            .includes(' ')
        )
          expect(displayWidth(line.trimEnd())).toBeLessThanOrEqual(columns);
    }),
    { numRuns: 3000 },
  );
});
