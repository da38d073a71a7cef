import { Tokenizer } from '@huggingface/tokenizers';
import { describe, expect, test } from 'vitest';
import { ggufTokenizer } from '../../src/formats/gguf_tokenizer.ts';
import { Fields } from '../../src/formats/json_fields.ts';
import { WeightsError } from '../../src/util/errors.ts';
import type { JsonObject } from '../../src/util/json.ts';

const NORMAL = 1;
const UNKNOWN = 2;
const CONTROL = 3;
const USER_DEFINED = 4;
const BYTE = 6;

function metadataOf(fields: JsonObject): Fields {
  const named = Object.entries(fields).map(([name, value]) => [`tokenizer.${name}`, value] as const);
  return new Fields(Object.fromEntries(named), 'x.gguf');
}

function load(fields: JsonObject): Tokenizer {
  const { tokenizer, tokenizer_config } = ggufTokenizer(metadataOf(fields));
  // As a reader of the files would get it.
  return new Tokenizer(JSON.parse(JSON.stringify(tokenizer)), JSON.parse(JSON.stringify(tokenizer_config)));
}

function refusalOf(fields: JsonObject): string {
  try {
    ggufTokenizer(metadataOf(fields));
  } catch (error) {
    if (error instanceof WeightsError) return error.message;
    throw error;
  }
  throw new Error('it passed');
}

/** Byte-level BPE of two special tokens, the letters and digits, and what the merges make of them. */
function byteLevel(pre: string, merges: readonly string[], more: readonly string[] = []): JsonObject {
  const merged = merges.map((merge) => merge.replace(' ', ''));
  const tokens = ['<|end|>', '<tool>', ...'abcdefghijklmnopqrstuvwxyz0123456789ĠĊ', ...merged, ...more];
  return {
    'ggml.model': 'gpt2',
    'ggml.pre': pre,
    'ggml.tokens': tokens,
    'ggml.token_type': tokens.map((_, id) => (id === 0 ? CONTROL : id === 1 ? USER_DEFINED : NORMAL)),
    'ggml.merges': [...merges],
    'ggml.bos_token_id': 0,
    'ggml.eos_token_id': 0,
  };
}

const DIGITS = ['Ġ 1', '1 2', '12 3', '123 4', 'Ġ Ġ'];

describe('byte-level BPE', () => {
  test.for([
    ['gpt-2', ['1234', 'Ġ', 'Ġ1', '2']],
    ['smollm', ['1', '2', '3', '4', 'ĠĠ', '1', '2']],
    ['qwen2', ['1', '2', '3', '4', 'Ġ', 'Ġ', '1', '2']],
    ['llama-bpe', ['123', '4', 'Ġ', 'Ġ', '12']],
  ] as const)('%s cuts numbers and spaces as that model does', ([pre, expected]) => {
    expect(load(byteLevel(pre, DIGITS)).tokenize('1234  12')).toEqual(expected);
  });

  test('text comes back from its tokens', () => {
    const tokenizer = load(byteLevel('smollm', ['t h', 'Ġ th']));
    const { ids, tokens } = tokenizer.encode('in the\nend');
    expect(tokens).toEqual(['i', 'n', 'Ġth', 'e', 'Ċ', 'e', 'n', 'd']);
    expect(tokenizer.decode(ids)).toBe('in the\nend');
  });

  test('only Llama takes a word that is a token without the merges to it', () => {
    expect(load(byteLevel('llama-bpe', [], ['whole'])).tokenize('whole')).toEqual(['whole']);
    expect(load(byteLevel('qwen2', [], ['whole'])).tokenize('whole')).toEqual([...'whole']);
  });

  test('only Qwen composes characters first', () => {
    const composed = { ...byteLevel('qwen2', [], ['Ã', '©', 'Ì', 'ģ']) };
    expect(load(composed).tokenize('e\u0301')).toEqual(['Ã', '©']);
    expect(load({ ...composed, 'ggml.pre': 'gpt-2' }).tokenize('e\u0301')).toEqual(['e', 'Ì', 'ģ']);
  });

  test('control and user-defined tokens are found by their spelling, only the first are special', () => {
    const tokenizer = load(byteLevel('smollm', []));
    const { ids, tokens } = tokenizer.encode('a <|end|> <tool>b', { add_special_tokens: false });
    expect(tokens).toEqual(['a', 'Ġ', '<|end|>', 'Ġ', '<tool>', 'b']);
    expect(tokenizer.decode(ids, { skip_special_tokens: true })).toBe('a  <tool>b');
  });

  test('the first token is added where the model was trained with it, or the file says so', () => {
    const first = (fields: JsonObject): string => load(fields).encode('a').tokens[0];
    expect(first(byteLevel('smollm', []))).toBe('a');
    expect(first(byteLevel('llama-bpe', []))).toBe('<|end|>');
    expect(first({ ...byteLevel('llama-bpe', []), 'ggml.add_bos_token': false })).toBe('a');
    expect(load({ ...byteLevel('gpt-2', []), 'ggml.add_eos_token': true }).encode('a').tokens).toEqual([
      'a',
      '<|end|>',
    ]);
  });
});

/** SentencePiece BPE of the three tokens that it starts with, some bytes, characters, and the pieces given. */
function sentencePiece(pieces: Readonly<Record<string, number>>): JsonObject {
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`);
  const start = ['<unk>', '<s>', '</s>', ...bytes];
  const tokens = [...start, ...'▁abcdefghijklmnopqrstuvwxyz', ...Object.keys(pieces)];
  return {
    'ggml.model': 'llama',
    'ggml.tokens': tokens,
    'ggml.scores': tokens.map((token) => pieces[token] ?? -1e6),
    'ggml.token_type': tokens.map((_, id) =>
      id === 0 ? UNKNOWN : id < 3 ? CONTROL : id < start.length ? BYTE : NORMAL,
    ),
    'ggml.bos_token_id': 1,
    'ggml.eos_token_id': 2,
    'ggml.unknown_token_id': 0,
  };
}

describe('SentencePiece', () => {
  test('the piece of the highest score is put together first', () => {
    expect(load(sentencePiece({ ab: -1, bc: -2, abc: -3 })).tokenize('abc')).toEqual(['▁', 'abc']);
    expect(load(sentencePiece({ ab: -2, bc: -1, abcd: -3 })).tokenize('abc')).toEqual(['▁', 'a', 'bc']);
  });

  test('a space is part of the piece after it, and one stands before the text', () => {
    const tokenizer = load(sentencePiece({ '▁a': -1, '▁ab': -2, '▁▁': -3 }));
    const { ids, tokens } = tokenizer.encode('ab   ab', { add_special_tokens: false });
    expect(tokens).toEqual(['▁ab', '▁▁', '▁ab']);
    expect(tokenizer.decode(ids)).toBe('ab   ab');
  });

  test('no space before the text when the file says so', () => {
    const tokenizer = load({ ...sentencePiece({ '▁a': -1 }), 'ggml.add_space_prefix': false });
    const { ids, tokens } = tokenizer.encode('a a', { add_special_tokens: false });
    expect(tokens).toEqual(['a', '▁a']);
    expect(tokenizer.decode(ids)).toBe('a a');
  });

  test('what is no piece is spelled out in bytes', () => {
    const tokenizer = load(sentencePiece({}));
    const { ids, tokens } = tokenizer.encode('é\n', { add_special_tokens: false });
    expect(tokens).toEqual(['▁', '<0xC3>', '<0xA9>', '<0x0A>']);
    expect(tokenizer.decode(ids)).toBe('é\n');
  });

  test('the first token is added unless the file says no', () => {
    expect(load(sentencePiece({})).encode('a').tokens).toEqual(['<s>', '▁', 'a']);
  });
});

test('the rest goes to tokenizer_config.json', () => {
  const fields = { ...byteLevel('smollm', []), chat_template: '{{ messages }}', 'ggml.padding_token_id': 1 };
  expect(ggufTokenizer(metadataOf(fields)).tokenizer_config).toEqual({
    tokenizer_class: 'PreTrainedTokenizerFast',
    bos_token: '<|end|>',
    eos_token: '<|end|>',
    pad_token: '<tool>',
    add_bos_token: false,
    add_eos_token: false,
    clean_up_tokenization_spaces: false,
    chat_template: '{{ messages }}',
  });
});

describe('refuses', () => {
  const good = byteLevel('smollm', ['a b']);
  const pieces = sentencePiece({});

  test.for<[string, JsonObject, string]>([
    ['no tokens', { ...good, 'ggml.tokens': null }, 'ggml.tokens: missing'],
    ['tokens that are numbers', { ...good, 'ggml.tokens': [1, 2] }, 'ggml.tokens: not the expected list, but [1,2]'],
    [
      'a token that is there twice',
      { ...good, 'ggml.tokens': ['a', 'b', 'a'], 'ggml.token_type': null },
      'ggml.tokens: "a" is there twice',
    ],
    ['too few types', { ...good, 'ggml.token_type': [1] }, 'ggml.token_type: 1 types for 41 tokens'],
    ['an unknown model', { ...good, 'ggml.model': 'bert' }, 'ggml.model: unknown tokenizer "bert"'],
    ['no model', { ...good, 'ggml.model': null }, 'ggml.model: unknown tokenizer nothing'],
    ['an unknown pre-tokenizer', { ...good, 'ggml.pre': 'tekken' }, 'ggml.pre: unknown pre-tokenizer "tekken"'],
    ['no pre-tokenizer, as in old files', { ...good, 'ggml.pre': null }, 'ggml.pre: unknown pre-tokenizer nothing'],
    [
      'a pre-tokenizer named like a method',
      { ...good, 'ggml.pre': 'toString' },
      'ggml.pre: unknown pre-tokenizer "toString"',
    ],
    [
      'a merge of three',
      { ...good, 'ggml.merges': ['a b c'] },
      'ggml.merges: "a b c" does not join two tokens to a third',
    ],
    [
      'a merge to no token',
      { ...good, 'ggml.merges': ['a c'] },
      'ggml.merges: "a c" does not join two tokens to a third',
    ],
    [
      'a special token outside the vocabulary',
      { ...good, 'ggml.eos_token_id': 41 },
      'ggml.eos_token_id: expected the id of one of 41 tokens, not 41',
    ],
    ['too few scores', { ...pieces, 'ggml.scores': [0] }, 'ggml.scores: 1 scores for 286 tokens'],
    [
      'an endless piece',
      {
        ...pieces,
        'ggml.tokens': ['a'.repeat(513)],
        'ggml.token_type': [1],
        'ggml.scores': [0],
        'ggml.bos_token_id': 0,
        'ggml.eos_token_id': 0,
      },
      'ggml.tokens: token 0 has 513 characters',
    ],
    ['a template that is no text', { ...good, chat_template: 1 }, 'chat_template: expected text, not 1'],
  ])('%s', ([, fields, message]) => {
    expect(refusalOf(fields)).toBe(`x.gguf: tokenizer.${message}`);
  });
});
