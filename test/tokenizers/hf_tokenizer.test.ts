// Tokenizers are loaded from what lies in a model directory, and never turn written text into special tokens unasked.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { WeightsError } from '../../src/errors.ts';
import { loadTokenizer } from '../../src/tokenizers/hf_tokenizer.ts';
import { tinyTokenizer, tinyTokenizerDirectory, tinyTokenizerJson } from '../support/tiny_tokenizer.ts';

describe('encoding and decoding', () => {
  test('merges as the vocabulary says', async () => {
    const tokenizer = await tinyTokenizer();
    const ids = tokenizer.encode('hello world');
    expect(ids.map((id) => tokenizer.decode([id]))).toEqual(['hello', ' world']);
  });

  test('any text comes back as it was', async () => {
    const tokenizer = await tinyTokenizer();
    const text = fc.string({ unit: 'binary' });
    fc.assert(fc.property(text, (written) => tokenizer.decode(tokenizer.encode(written)) === written));
  });

  test('spaces before punctuation stay', async () => {
    const tokenizer = await tinyTokenizer({ clean_up_tokenization_spaces: true });
    expect(tokenizer.decode(tokenizer.encode("a , b . it 's"))).toBe("a , b . it 's");
  });

  test('a character that is cut in the middle decodes to U+FFFD', async () => {
    const tokenizer = await tinyTokenizer();
    expect(tokenizer.decode(tokenizer.encode('é').slice(0, 1))).toBe('\uFFFD');
  });

  test('ids that no token has are left out, as are special tokens if asked', async () => {
    const tokenizer = await tinyTokenizer();
    const ids = [...tokenizer.encode('hello<|im_end|>'), tokenizer.vocabSize, 99_999];
    expect(tokenizer.decode(ids)).toBe('hello<|im_end|>');
    expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe('hello');
    expect(tokenizer.decode([])).toBe('');
  });
});

describe('special tokens', () => {
  test('are ids when they are spelled out, and text when they must not be', async () => {
    const tokenizer = await tinyTokenizer();
    const end = tokenizer.tokenId('<|im_end|>');
    expect(tokenizer.encode('hello<|im_end|>')).toEqual([...tokenizer.encode('hello'), end]);
    const literal = tokenizer.encode('hello<|im_end|>', { special: false });
    expect(literal.map((id) => tokenizer.decode([id]))).toEqual(['hello', '<|', ...'im_end|>']);
  });

  test('never come out of text that others wrote', async () => {
    const tokenizer = await tinyTokenizer();
    const piece = fc.oneof(fc.string(), fc.constantFrom(...tokenizer.specialTokens));
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const ids = tokenizer.encode(pieces.join(''), { special: false });
        expect(ids.filter((id) => tokenizer.isSpecial(id))).toEqual([]);
        expect(tokenizer.decode(ids)).toBe(pieces.join(''));
      }),
    );
  });

  test('added tokens that are not special stay tokens in any text', async () => {
    const json = tinyTokenizerJson();
    const think = { ...json.added_tokens[0], id: json.added_tokens.length + 1000, content: '<think>', special: false };
    const directory = await tinyTokenizerDirectory({});
    await writeFile(
      join(directory, 'tokenizer.json'),
      JSON.stringify({ ...json, added_tokens: [...json.added_tokens, think] }),
    );
    const tokenizer = await loadTokenizer(directory);
    expect(tokenizer.encode('<think><|im_end|>', { special: false })[0]).toBe(think.id);
    expect(tokenizer.isSpecial(think.id)).toBe(false);
    expect(tokenizer.vocabSize).toBe(think.id + 1);
  });
});

describe('names of special tokens', () => {
  const nameOf = (id: number | null, decode: (ids: number[]) => string) => (id === null ? null : decode([id]));

  test.each([
    ['text', { eos_token: '<|im_end|>' }, '<|im_end|>'],
    ['an object', { eos_token: { content: '<|im_end|>', lstrip: false } }, '<|im_end|>'],
    ['null means none, whatever the other files say', { eos_token: null }, null],
    ['absent means the first id of generation_config.json', {}, '<|endoftext|>'],
  ])('%s', async (_, config, expected) => {
    const directory = await tinyTokenizerDirectory(config);
    const { added_tokens } = tinyTokenizerJson();
    await writeFile(
      join(directory, 'generation_config.json'),
      JSON.stringify({ eos_token_id: [added_tokens[0].id, added_tokens[2].id] }),
    );
    await writeFile(join(directory, 'config.json'), JSON.stringify({ eos_token_id: added_tokens[3].id }));
    const tokenizer = await loadTokenizer(directory);
    expect(nameOf(tokenizer.eosTokenId, tokenizer.decode)).toBe(expected);
  });

  test('config.json is asked last', async () => {
    const directory = await tinyTokenizerDirectory({});
    await writeFile(join(directory, 'config.json'), JSON.stringify({ bos_token_id: 273 }));
    const tokenizer = await loadTokenizer(directory);
    expect(nameOf(tokenizer.bosTokenId, tokenizer.decode)).toBe('<|bos|>');
    expect(tokenizer.eosTokenId).toBeNull();
  });
});

describe('the chat template', () => {
  test('is the file chat_template.jinja before that of tokenizer_config.json', async () => {
    const directory = await tinyTokenizerDirectory({ chat_template: 'in the config' });
    expect((await loadTokenizer(directory)).chatTemplate).toBe('in the config');
    await writeFile(join(directory, 'chat_template.jinja'), 'in the file');
    expect((await loadTokenizer(directory)).chatTemplate).toBe('in the file');
  });

  test('is the default one of several, or none', async () => {
    const named = [
      { name: 'tool_use', template: 'tools' },
      { name: 'default', template: 'plain' },
    ];
    expect((await tinyTokenizer({ chat_template: named })).chatTemplate).toBe('plain');
    expect((await tinyTokenizer({ chat_template: null })).chatTemplate).toBeNull();
  });
});

describe('damaged model directories', () => {
  async function problemOf(change: (directory: string) => Promise<void>): Promise<string> {
    const directory = await tinyTokenizerDirectory({});
    await change(directory);
    const error = await loadTokenizer(directory).then(
      () => new Error('it loaded'),
      (thrown) => thrown,
    );
    expect(error).toBeInstanceOf(WeightsError);
    return String(error.message).replaceAll(directory, 'MODEL');
  }
  const write = (name: string, text: string) => (directory: string) => writeFile(join(directory, name), text);

  test.each([
    [
      'no tokenizer',
      (directory: string) => rm(join(directory, 'tokenizer.json')),
      'MODEL/tokenizer.json: no such file',
    ],
    ['cut off', write('tokenizer.json', '{"model": {'), /^MODEL\/tokenizer\.json: not valid JSON: /],
    ['another kind of JSON', write('tokenizer.json', '[]'), 'MODEL/tokenizer.json: must hold a JSON object'],
    [
      'an unknown model',
      write('tokenizer.json', '{"model": {"type": "Morse"}}'),
      'MODEL/tokenizer.json: not a tokenizer that can be loaded: Unknown TokenizerModel type: Morse',
    ],
    [
      'a nameless added token',
      write('tokenizer.json', '{"added_tokens": [{"id": 1}]}'),
      'MODEL/tokenizer.json: added_tokens[0] must have an id and a content',
    ],
    ['added tokens of another kind', write('tokenizer.json', '{"added_tokens": {}}'), /added_tokens must be a list$/],
    [
      'an EOS that is no token',
      write('tokenizer_config.json', '{"eos_token": "</s>"}'),
      'MODEL/tokenizer_config.json: eos_token "</s>" is no token of MODEL/tokenizer.json',
    ],
    [
      'templates without a default',
      write('tokenizer_config.json', '{"chat_template": [{"name": "rag", "template": ""}]}'),
      'MODEL/tokenizer_config.json: chat_template must be text, or a list with a template named "default"',
    ],
    ['a damaged neighbour', write('generation_config.json', 'x'), /^MODEL\/generation_config\.json: not valid JSON: /],
  ])('%s', async (_, change, message) => {
    expect(await problemOf(change)).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  });

  test('a directory that does not exist says what a model directory holds', async () => {
    const nowhere = join(await mkdtemp(join(tmpdir(), 'tokenizer-')), 'nowhere');
    await expect(loadTokenizer(nowhere)).rejects.toMatchObject({ hint: expect.stringContaining('tokenizer.json') });
  });
});
