// Patterns of tokenizers: searches in counted steps find what JavaScript finds, and a search that does not end is an error.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countedSearch, TooManyStepsError, widthAt } from '../../src/tokenizers/pattern_machine.ts';
import { boundedMatches, matchesOf } from '../../src/tokenizers/patterns.ts';

/** Every match, in counted steps. */
function countedMatches(source: string, text: string): number[] {
  const find = countedSearch(source);
  const budget = { steps: 10_000_000 };
  const places: number[] = [];
  for (let at = 0; ; ) {
    const match = find(text, at, budget);
    if (match === null) return places;
    places.push(match.start, match.end);
    at = match.end + (match.start === match.end ? widthAt(text, match.end) : 0);
  }
}

/** Of models in use, in JavaScript's spelling, and others with what patterns may hold. */
const PATTERNS = [
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
  "(?:'[sS]|'[tT]|'[rR][eE])|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{M}]*[\\p{Ll}\\p{M}]+(?:'[sS]|'[tT])?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s+",
  '\\p{N}{1,3}(?=(?:\\p{N}{3})*(?!\\p{N}))',
  '(?:\\p{L}\\p{M}*)+',
  '(?<=[a-z])[A-Z]|(?<![\\s\\S])a|(?<=ab?)c',
  '(?:(?=(?:[a-c]|[^a-z]))[\\s\\S])+?b',
  '^a|b$|(?<name>a|b){2}',
  'a*?',
  '(?:a?)*b',
  '(?:a|b?){2,}',
  '(?:|a)+',
  '.{0,2}\\u{1F600}|\\x41\\u0042',
  '(a|ab)(c|bcd)',
  '[^]a',
];
const text = fc
  .array(
    fc.constantFrom(
      'a',
      'b',
      'c',
      'd',
      'A',
      'B',
      ' ',
      '  ',
      '\n',
      '\r',
      '1',
      '23',
      "'s",
      'é',
      'e\u0301',
      '日',
      '😀',
      '!',
    ),
  )
  .map((parts) => parts.join(''));

describe('in counted steps', () => {
  test.each(PATTERNS)('%s finds what JavaScript finds', (source) => {
    fc.assert(
      fc.property(text, (given) => {
        expect(countedMatches(source, given)).toEqual(matchesOf(new RegExp(source, 'gu'))(given));
      }),
    );
  });

  test('any pattern does', () => {
    const atom = fc.constantFrom('a', 'b', '[ab]', '[^a]', '.', '(?=a)', '(?!b)', '(?<=a)', '(?<!b)', '^', '$');
    const quantifier = fc.constantFrom('*', '+', '?', '*?', '+?', '??', '{2}', '{1,2}', '{0,2}?', '{1,}');
    const { pattern } = fc.letrec<{ pattern: string; group: string }>((tie) => ({
      group: fc
        .tuple(fc.oneof({ depthSize: 'small' }, fc.constantFrom('a', 'b', '[ab]', '.'), tie('pattern')), quantifier)
        .map(([part, times]) => `(?:${part})${times}`),
      pattern: fc
        .array(fc.array(fc.oneof({ depthSize: 'small' }, atom, tie('group')), { maxLength: 3 }), {
          minLength: 1,
          maxLength: 2,
        })
        .map((choices) => choices.map((parts) => parts.join('')).join('|')),
    }));
    const short = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\n'), maxLength: 6 });
    fc.assert(
      fc.property(pattern, short, (source, given) => {
        expect(countedMatches(source, given)).toEqual(matchesOf(new RegExp(source, 'gu'))(given));
      }),
      { numRuns: 2000 },
    );
  });

  test.each(['(a)\\1', '(?<x>a)\\k<x>', '\\ba', '(?:a{1000}){1000}', `${'('.repeat(200)}a${')'.repeat(200)}`])(
    'what is not known is refused: %s',
    (source) => {
      expect(() => boundedMatches(new RegExp(source, 'gu'))).toThrow(/^the pattern .* cannot be read: /s);
    },
  );
});

describe('bounded', () => {
  test('long texts are searched stretch by stretch, and all of it is found', () => {
    const words = Array.from({ length: 20_000 }, (_, index) => `word${index} ${' '.repeat(index % 5)}`).join('');
    for (const source of PATTERNS.slice(0, 5)) {
      const pattern = new RegExp(source, 'gu');
      expect(boundedMatches(pattern)(words)).toEqual(matchesOf(pattern)(words));
    }
    const rare = /\s{5}/gu;
    expect(boundedMatches(rare)('a'.repeat(100_000))).toEqual([]);
  });

  test.each([
    ['(?:a+)+$', 'a'],
    ['(?:a|a)*b', 'a'],
    ['\\s+\\s+\\s+x', ' '],
  ])('%s is given up after as many steps on every machine', (source, letter) => {
    expect(() => boundedMatches(new RegExp(source, 'gu'))(`${letter.repeat(3000)}!`)).toThrow(TooManyStepsError);
  });
});
