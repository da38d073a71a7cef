// Text of several writers is encoded as a whole: the ids here are those of the original library for the joined text.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TextPiece, Tokenizer } from '../../src/tokenizers/types.ts';
import { WeightsError } from '../../src/util/errors.ts';
import type { JsonObject } from '../../src/util/json.ts';
import { loadTokenizerJson, PREFIXES, pieceTokenizerJson, unigramTokenizerJson } from '../support/piece_tokenizer.ts';
import { tinyTokenizer, tinyTokenizerJson } from '../support/tiny_tokenizer.ts';

const format = (text: string): TextPiece => ({ text, special: true });
const said = (text: string): TextPiece => ({ text, special: false });
const names = (tokenizer: Tokenizer, ids: readonly number[]) =>
  ids.map((id) => tokenizer.decode([id], { continues: true }));
const shown = (tokenizer: Tokenizer, pieces: readonly TextPiece[]) =>
  tokenizer.encodePieces(pieces).map((ids) => names(tokenizer, ids).join('·'));

describe('a tokenizer that puts a space in front', () => {
  test.each([
    ['prepend', [' User·:', ' hello·\n', 'User·:']],
    ['metaspace', [' User·:', ' hello·\n', 'User·:']],
  ] as const)('%s: puts it in front of the text, not of its pieces', async (kind, expected) => {
    const tokenizer = await loadTokenizerJson(pieceTokenizerJson(PREFIXES[kind]));
    expect(shown(tokenizer, [said('User:'), said(' hello\n'), said('User:')])).toEqual(expected);
  });

  test('what goes on decodes with the space that it begins with', async () => {
    const tokenizer = await loadTokenizerJson(pieceTokenizerJson());
    const ids = tokenizer.encode('world');
    expect(tokenizer.decode(ids)).toBe('world');
    expect(tokenizer.decode(ids, { continues: true })).toBe(' world');
  });
});

describe('pieces', () => {
  test('together have the ids of the whole, whatever they are', async () => {
    const tokenizers = [
      await tinyTokenizer(),
      await loadTokenizerJson(pieceTokenizerJson()),
      await loadTokenizerJson(unigramTokenizerJson()),
    ];
    const piece = fc.oneof(fc.string(), fc.constantFrom('hello', ' world', ' ', '</s>', '<|im_end|>', 'wor', 'ld', ''));
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 6 }),
        fc.boolean(),
        fc.constantFrom(...tokenizers),
        (texts, special, tokenizer) => {
          const lists = tokenizer.encodePieces(texts.map((text) => ({ text, special })));
          expect(lists).toHaveLength(texts.length);
          expect(lists.flat()).toEqual(tokenizer.encode(texts.join(''), { special }));
        },
      ),
    );
  });

  test('share a token with the piece in which it begins, unless they are apart', async () => {
    const tokenizer = await tinyTokenizer();
    expect(shown(tokenizer, [said('hel'), said('lo world')])).toEqual(['hello', ' world']);
    expect(shown(tokenizer, [said('hel'), { ...said('lo world'), apart: true }])).toEqual(['he·l', 'l·o· world']);
    const prefixed = await loadTokenizerJson(pieceTokenizerJson());
    expect(shown(prefixed, [said('hel'), { ...said('lo world'), apart: true }])).toEqual([' ·he·l', 'l·o· world']);
  });

  test('that spell a special token out are text, also where several do it together', async () => {
    const tokenizer = await tinyTokenizer();
    const isSpecial = (pieces: TextPiece[]) => tokenizer.encodePieces(pieces).flat().some(tokenizer.isSpecial);
    expect(isSpecial([format('<|im_'), format('end|>')])).toBe(true);
    expect(isSpecial([format('<|im_'), said('end|>')])).toBe(false);
    expect(isSpecial([said('<|im_'), said('end|>')])).toBe(false);
  });
});

describe('settings of tokenizer.json', () => {
  test('a Unigram model falls back to bytes, and finds no special piece in text', async () => {
    const tokenizer = await loadTokenizerJson(unigramTokenizerJson());
    const ids = tokenizer.encode('hello é 😀');
    expect(ids).not.toContain(0);
    expect(tokenizer.decode(ids)).toBe('hello é 😀');
    expect(tokenizer.encode('a</s>', { special: false }).some(tokenizer.isSpecial)).toBe(false);
    expect(tokenizer.encode('a</s>').at(-1)).toBe(tokenizer.eosTokenId);
  });

  test.each([
    [{}, 'a <x> b', ' ·a· ·<x>·  ·b'],
    [{ lstrip: true }, 'a <x> b', ' ·a·<x>·  ·b'],
    [{ rstrip: true }, 'a <x> b', ' ·a· ·<x>· ·b'],
    [{ single_word: true }, 'a<x> <x>', ' ·a·<·x·>· ·<x>'],
  ] as [JsonObject, string, string][])('an added token with %j', async (flags, text, expected) => {
    const tokenizer = await loadTokenizerJson(
      pieceTokenizerJson(PREFIXES.prepend, { '<x>': { special: false, ...flags } }),
    );
    expect(shown(tokenizer, [said(text)])).toEqual([expected]);
  });

  test('words after a metaspace do not merge with what stands before', async () => {
    const scheme = { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always' };
    const whole = await loadTokenizerJson(pieceTokenizerJson({ pre_tokenizer: { ...scheme, split: false } }));
    const split = await loadTokenizerJson(pieceTokenizerJson({ pre_tokenizer: { ...scheme, split: true } }));
    expect(shown(whole, [said('a   b')])).toEqual([' ·a·  · ·b']);
    expect(shown(split, [said('a   b')])).toEqual([' ·a· · · ·b']);
  });

  test.each([
    ['dropout', { dropout: 0.1 }, /model\.dropout is 0\.1, which is not supported/],
    ['a prefix of subwords', { continuing_subword_prefix: '##' }, /model\.continuing_subword_prefix/],
  ])('%s is refused, which would be left out', async (_, fields, message) => {
    const { model, ...json } = tinyTokenizerJson();
    const changed = { ...json, model: { ...model, ...fields } };
    await expect(
      loadTokenizerJson(JSON.parse(JSON.stringify(changed)), { bos_token: null, eos_token: null }),
    ).rejects.toThrow(message);
  });

  test('a pattern that backtracks without end is an error', async () => {
    const pre_tokenizer = { type: 'Split', pattern: { Regex: '(\\p{L}+\\s?)+$' }, behavior: 'Isolated', invert: false };
    const tokenizer = await loadTokenizerJson(pieceTokenizerJson({ pre_tokenizer }));
    expect(() => tokenizer.encode(`${'a'.repeat(60)}!`)).toThrow(
      /the patterns of .*tokenizer\.json take too many steps on a text of 61 characters/,
    );
    expect(names(tokenizer, tokenizer.encode('ab'))).toEqual(['a', 'b']);
  });
});

describe('tables that contradict themselves', () => {
  const { model, added_tokens, ...json } = tinyTokenizerJson();
  const load = (fields: object, tokens: object[] = added_tokens) =>
    loadTokenizerJson(JSON.parse(JSON.stringify({ ...json, added_tokens: tokens, model: { ...model, ...fields } })), {
      bos_token: null,
      eos_token: null,
    });

  test.each([
    [
      'an id of two tokens',
      () => load({ vocab: { ...model.vocab, twice: 7 } }),
      /model\.vocab: "twice": the id 7 is that of "ć" too/,
    ],
    [
      'an added token with the id of a piece',
      () => load({}, [{ ...added_tokens[0], id: 0 }]),
      /added_tokens: "<\|endoftext\|>": the id 0 is that of "Ā" too/,
    ],
    [
      'two added tokens with one id',
      () => load({}, [added_tokens[0], { ...added_tokens[1], id: added_tokens[0].id }]),
      /added_tokens\[1\] \("<\|im_start\|>"\): its id 269 is that of/,
    ],
    [
      'half a merge',
      () => load({ merges: [['a']] }),
      /model\.merges\[0\]: must be two tokens, as in "a b" or \["a", "b"\], not \["a"\]/,
    ],
    ['a merge of numbers', () => load({ merges: [[1, 2]] }), /model\.merges\[0\]: must be two texts/],
    [
      'a merge of no tokens',
      () => load({ merges: ['h e', 'q zz'] }),
      /model\.merges\[1\]: "zz" is no token of model\.vocab/,
    ],
    [
      'a Unigram piece without a score',
      () => load({ type: 'Unigram', unk_id: 0, vocab: [['a', 0], ['b']], merges: undefined }),
      /model\.vocab\[1\]: must be a piece and its score/,
    ],
    [
      'an unknown piece that is none',
      () => load({ type: 'Unigram', unk_id: 9, vocab: [['a', 0]], merges: undefined }),
      /model\.unk_id: must be the id of one of 1 pieces/,
    ],
  ])('%s', async (_, act, message) => {
    await expect(act()).rejects.toBeInstanceOf(WeightsError);
    await expect(act()).rejects.toThrow(message);
  });
});

test('a text of half a million tokens is encoded like any other', async () => {
  const tokenizer = await tinyTokenizer();
  expect(tokenizer.encode('x '.repeat(250_000))).toHaveLength(500_000);
});
