// Texts in parts: each token belongs to the part in which it begins, and many parts take no more work than few.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { divideIds } from '../../src/tokenizers/division.ts';
import { Encoder, type WordEncoder } from '../../src/tokenizers/encoder.ts';
import type { Tokenizer } from '../../src/tokenizers/types.ts';
import { loadTokenizerJson, PREFIXES, pieceTokenizerJson, unigramTokenizerJson } from '../support/piece_tokenizer.ts';
import { tinyTokenizer } from '../support/tiny_tokenizer.ts';

const said = (text: string) => ({ text, special: false });
const withNothingKnown = () => Number.NaN;

/** Words of up to four characters with the space before them, each an id of its own; `width` says what is known of them. */
function countingWords(known: boolean): WordEncoder & { characters: number } {
  const ids = new Map<string, number>();
  const texts: string[] = [];
  const words = {
    characters: 0,
    normalize: null,
    marksBeginnings: false,
    encode(text: string) {
      words.characters += text.length;
      return (text.match(/\s?[^\s]{1,4}|\s/gu) ?? []).map((word) => {
        const id = ids.get(word) ?? texts.push(word) - 1;
        ids.set(word, id);
        return id;
      });
    },
    width: known ? (id: number) => Buffer.byteLength(texts[id]) : withNothingKnown,
  };
  return words;
}

describe('work goes with the length of the text', () => {
  const cases = [
    ['messages', (index: number) => `Message ${index} says this.\n\n`],
    ['parts of words', () => 'abc'],
  ] as const;
  test.each(cases.flatMap(([what, text]) => [true, false].map((known) => [what, text, known] as const)))(
    '5,000 parts that are %s, with widths known or not: %s %s',
    (_, text, known) => {
      const words = countingWords(known);
      const pieces = Array.from({ length: 5000 }, (_, index) => said(text(index)));
      const length = pieces.reduce((sum, piece) => sum + piece.text.length, 0);
      const parts = new Encoder(words, []).encode(pieces);
      expect(parts).toHaveLength(5000);
      expect(words.characters).toBeLessThan((known ? 1 : 20) * length + 1);
    },
  );

  test('and so it does where each part is apart from the one before', () => {
    const words = countingWords(false);
    const pieces = Array.from({ length: 5000 }, (_, index) => ({ ...said(`reply ${index} `), apart: true }));
    const length = pieces.reduce((sum, piece) => sum + piece.text.length, 0);
    new Encoder(words, []).encode(pieces);
    expect(words.characters).toBeLessThanOrEqual(length);
  });
});

describe('a token belongs to the part in which it begins', () => {
  const part = fc.oneof(fc.string(), fc.constantFrom('hello', ' world', ' ', '\n', '\n\n', 'wor', 'ld', 'é', '日'));

  /** By the bytes of each token of a tokenizer that loses none. */
  function expected(tokenizer: Tokenizer, texts: readonly string[]): number[][] {
    const ids = tokenizer.encode(texts.join(''), { special: false });
    const starts = ids.map((_, index) => bytesOf(tokenizer, ids.slice(0, index)));
    let end = 0;
    return texts.map((text) => {
      const begin = end;
      end += Buffer.byteLength(text);
      return ids.filter((_, index) => starts[index] >= begin && starts[index] < end);
    });
  }

  /** An id of this tokenizer is a byte or what its merges made of some. */
  const bytesOf = (tokenizer: Tokenizer, ids: readonly number[]) =>
    ids.reduce((sum, id) => sum + (id < 256 ? 1 : tokenizer.decode([id]).length), 0);

  test('whatever white space the words after it leave to it', async () => {
    const tokenizer = await tinyTokenizer();
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (texts) => {
        expect(tokenizer.encodePieces(texts.map(said))).toEqual(expected(tokenizer, texts));
      }),
    );
  });

  test('also where widths are not known, as far as the text before a cut tells', async () => {
    const tokenizers = [
      await loadTokenizerJson(pieceTokenizerJson(PREFIXES.metaspace)),
      await loadTokenizerJson(unigramTokenizerJson()),
    ];
    const words = fc.array(fc.constantFrom('hello', ' world', 'wor', 'ld', ' ', 'a', '\n'), { minLength: 1 });
    fc.assert(
      fc.property(words, fc.constantFrom(...tokenizers), (texts, tokenizer) => {
        const whole = texts.join('');
        const encode = (start: number, end: number) => {
          const first = tokenizer.encodePieces([
            said(whole.slice(0, start)),
            { ...said(whole.slice(start, end)), apart: true },
          ]);
          return start === 0 ? tokenizer.encode(whole.slice(0, end)) : first[1];
        };
        const guessed = divideIds({
          parts: texts,
          encode,
          width: withNothingKnown,
          normalize: null,
          mayBePrefixed: true,
        });
        expect(guessed).toEqual(tokenizer.encodePieces(texts.map(said)));
      }),
    );
  });

  test('after a normalizer that changes the text', async () => {
    const json = pieceTokenizerJson({ normalizer: { type: 'NFC' } });
    const tokenizer = await loadTokenizerJson(json);
    const lists = tokenizer.encodePieces([said('hello'), said('e\u0301a'), said('world')]);
    expect(lists.map((ids) => tokenizer.decode(ids, { continues: true }))).toEqual(['hello', 'éa', 'world']);
  });
});
