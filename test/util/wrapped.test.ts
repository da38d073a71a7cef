import fc from 'fast-check';
import { expect, test } from 'vitest';
import { widthOf, wrappedText } from '../../src/util/wrapped.ts';

test('each line is broken between words, and goes on further in than it began', () => {
  const text = 'learning_rate: there is no such field in it\n  note: what stands here is indented already\nshort';
  expect(wrappedText(text, 24)).toBe(
    [
      'learning_rate: there is',
      '  no such field in it',
      '  note: what stands here',
      '    is indented already',
      'short',
    ].join('\n'),
  );
  expect(wrappedText(text, Number.POSITIVE_INFINITY)).toBe(text);
});

test('nothing is lost but the spaces at which lines are broken', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 9 })), fc.integer({ min: 1, max: 30 }), (words, columns) => {
      const text = words.join(' ');
      const bare = (each: string) => each.replaceAll(/\s/g, '');
      expect(bare(wrappedText(text, columns))).toBe(bare(text));
    }),
  );
});

test('only a terminal has a width, and one that does not say which has the usual one', () => {
  expect([{}, { isTTY: true, columns: 100 }, { isTTY: true, columns: 0 }].map(widthOf)).toEqual([
    Number.POSITIVE_INFINITY,
    100,
    80,
  ]);
});
