// Texts of tokens: joined they are the sequence, and a character stands where it is complete.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { tokenTexts } from '../../src/tokenizers/token_texts.ts';
import { tinyTokenizer } from '../support/tiny_tokenizer.ts';

const tiny = await tinyTokenizer();
const bytes = (...values: number[]) => values.map((value) => tiny.encode(String.fromCharCode(value))[0] ?? 0);

test('a character of several tokens is the text of the last', () => {
  const tokens = tiny.encode('hello world, 日本 🚀!<|im_end|>', { special: true });
  expect(tokenTexts(tokens, tiny)).toEqual([
    ...['hello', ' world', ',', ' ', '', '', '日', '', '', '本', ' ', '', '', '', '🚀', '!', '<|im_end|>'],
  ]);
});

test('bytes that begin no character are U+FFFD where they stand', () => {
  const [first = 0] = tiny.encode('é');
  const [h = 0] = bytes(0x68);
  expect(tokenTexts([first, h, first, first, h], tiny)).toEqual(['\uFFFD', 'h', '', '\uFFFD\uFFFD', 'h']);
  expect(tokenTexts([h, first], tiny)).toEqual(['h', '\uFFFD']);
  expect(tokenTexts([], tiny)).toEqual([]);
});

test('joined, the texts are the decoded sequence', () => {
  const anything = fc.array(fc.nat({ max: tiny.vocabSize - 1 }), { maxLength: 90 });
  const text = fc.string({ unit: fc.constantFrom('a', ' ', 'é', '日', '🚀', '\uFFFD', '\n', 'hello'), maxLength: 60 });
  fc.assert(
    fc.property(
      fc.oneof(
        anything,
        text.map((written) => tiny.encode(written)),
      ),
      (tokens) => {
        const texts = tokenTexts(tokens, tiny);
        expect(texts).toHaveLength(tokens.length);
        expect(texts.join('')).toBe(tiny.decode(tokens));
      },
    ),
    { numRuns: 500 },
  );
});
