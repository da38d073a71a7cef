import { Tokenizer } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generateTinyCorpus } from '../../example_data/tiny_corpus/corpus.ts';
import { toByteCharacters } from '../../src/tokenizers/byte_level.ts';
import { trainBpe } from '../../src/tokenizers/train_bpe.ts';
import { ConfigurationError } from '../../src/util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/util/json.ts';

const SPECIAL_TOKENS = ['<|endoftext|>', '<|pad|>'];
const VOCAB_SIZE = 600;

const texts = [...generateTinyCorpus({ seed: 0, documents: 400 })].map((document) =>
  'text' in document ? document.text : document.messages.map(({ content }) => content).join('\n'),
);
const { tokenizerJson } = trainBpe(texts, { vocabSize: VOCAB_SIZE, specialTokens: SPECIAL_TOKENS });
const tokenizer = new Tokenizer(tokenizerJson, { clean_up_tokenization_spaces: false });
const encode = (text: string): number[] => tokenizer.encode(text, { add_special_tokens: false }).ids;

function objectAt(value: JsonValue, ...keys: string[]): JsonObject {
  const found = keys.reduce<JsonValue>((at, key) => (isJsonObject(at) ? at[key] : null), value);
  if (!isJsonObject(found)) throw new Error(`no object at ${keys.join('.')}`);
  return found;
}

const vocab = objectAt(tokenizerJson, 'model', 'vocab');

function stringsAt(value: JsonValue): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** BPE straight from its definition: while any two neighbours may merge, the pair that was learnt first does. */
function encodeWord(word: string): number[] {
  const ranks = new Map(stringsAt(objectAt(tokenizerJson, 'model').merges).map((merge, rank) => [merge, rank]));
  let parts = Array.from(toByteCharacters(word));
  for (;;) {
    const candidates = parts.slice(1).map((right, i) => ({ i, rank: ranks.get(`${parts[i]} ${right}`) ?? Infinity }));
    const best = candidates.reduce((a, b) => (b.rank < a.rank ? b : a), { i: -1, rank: Infinity });
    if (best.rank === Infinity) return parts.map((part) => Number(vocab[part]));
    parts = [...parts.slice(0, best.i), parts[best.i] + parts[best.i + 1], ...parts.slice(best.i + 2)];
  }
}

describe('a trained tokenizer', () => {
  it('has exactly the entries that were asked for, each with an id of its own', () => {
    const ids = Object.values(vocab)
      .map(Number)
      .sort((a, b) => a - b);
    expect(ids).toEqual(Array.from({ length: VOCAB_SIZE }, (_, id) => id));
  });

  it('gives special tokens the first ids and never splits them', () => {
    expect(encode('<|pad|><|endoftext|>')).toEqual([1, 0]);
  });

  it('brings back any text, whatever its characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
        fc.pre(!SPECIAL_TOKENS.some((special) => text.includes(special)));
        expect(tokenizer.decode(encode(text), { skip_special_tokens: false })).toBe(text);
      }),
      { numRuns: 500 },
    );
  });

  it('merges in the order in which merges were learnt', () => {
    const words = new Set(texts.flatMap((text) => text.match(/ ?\p{L}+/gu) ?? []));
    for (const word of words) expect(encode(word), word).toEqual(encodeWord(word));
  });

  it('spells numbers digit by digit', () => {
    const digits = [...'0123456789'].map((digit) => vocab[digit]);
    expect(encode('90210')).toEqual([9, 0, 2, 1, 0].map((digit) => digits[digit]));
    const longer = Object.keys(vocab).filter((token) => /\d/.test(token) && token.length > 1);
    expect(longer).toEqual([]);
  });

  it('does not depend on the order of the texts', () => {
    const reversed = trainBpe(texts.toReversed(), { vocabSize: VOCAB_SIZE, specialTokens: SPECIAL_TOKENS });
    expect(reversed).toEqual({ tokenizerJson });
  });

  it('says when the texts hold too little', () => {
    const train = () => trainBpe(['aaa'], { vocabSize: 300, specialTokens: [] });
    expect(train).toThrow(ConfigurationError);
    expect(train).toThrowErrorMatchingInlineSnapshot(
      `[ConfigurationError: the texts fill a vocabulary of 258 entries, not 300]`,
    );
  });

  it('says when not even the bytes have room', () => {
    expect(() => trainBpe(['a'], { vocabSize: 256, specialTokens: ['<|pad|>'] })).toThrowErrorMatchingInlineSnapshot(
      `[ConfigurationError: a vocabulary of 256 cannot hold 256 bytes and the special tokens]`,
    );
  });
});
