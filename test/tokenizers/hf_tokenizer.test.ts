// Tokenizers are loaded from what lies in a model directory, and never turn written text into special tokens unasked.

import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadTokenizer } from '../../src/tokenizers/hf_tokenizer.ts';
import { WeightsError } from '../../src/util/errors.ts';
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

  test('text that a BPE model has no tokens for is refused, since the model would leave it out', async () => {
    const directory = await tinyTokenizerDirectory({});
    const json = { ...tinyTokenizerJson(), pre_tokenizer: null, decoder: null };
    await writeFile(join(directory, 'tokenizer.json'), JSON.stringify(json));
    const tokenizer = await loadTokenizer(directory);
    expect(tokenizer.encode('hello')).toHaveLength(1);
    expect(() => tokenizer.encode('hello world')).toThrow(
      'the tokenizer has no token for all of "hello world", nor one for what is unknown',
    );
  });

  test.each([
    [null, 'model must be an object'],
    [{ ...tinyTokenizerJson().model, type: 'Guessed' }, 'Unknown TokenizerModel type: Guessed'],
  ])('a model of no known type is refused', async (model, message) => {
    const directory = await tinyTokenizerDirectory({});
    await writeFile(join(directory, 'tokenizer.json'), JSON.stringify({ ...tinyTokenizerJson(), model }));
    await expect(loadTokenizer(directory)).rejects.toThrow(`not a tokenizer that can be loaded: ${message}`);
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

  const withVocabulary = (vocab: object) => {
    const json = tinyTokenizerJson();
    return write('tokenizer.json', JSON.stringify({ ...json, model: { ...json.model, vocab } }));
  };
  const withAdded = (id: unknown) => {
    return write('tokenizer.json', JSON.stringify({ ...tinyTokenizerJson(), added_tokens: [{ id, content: '<x>' }] }));
  };

  test.each([
    [
      'a negative id',
      withVocabulary({ a: -1 }),
      'model.vocab: "a": the id must be an integer from 0 to 16777216, not -1',
    ],
    [
      'a fraction for an id',
      withVocabulary({ a: 0.5 }),
      'model.vocab: "a": the id must be an integer from 0 to 16777216, not 0.5',
    ],
    [
      'text for an id',
      withVocabulary({ a: '0' }),
      'model.vocab: "a": the id must be an integer from 0 to 16777216, not "0"',
    ],
    [
      'an id of an added token that no list can have',
      withAdded(2 ** 53),
      'added_tokens[0] ("<x>"): the id must be an integer from 0 to 16777216, not 9007199254740992',
    ],
    [
      'text that is no UTF-8',
      (directory: string) => writeFile(join(directory, 'tokenizer.json'), Buffer.from('{"a": "\xff"}', 'latin1')),
      'the text is not UTF-8; the file is damaged',
    ],
    [
      'a file too large to be one',
      (directory: string) => truncate(join(directory, 'tokenizer.json'), 2 ** 26 + 1),
      'cannot be read: it has 67108865 bytes, expected at most 67108864',
    ],
    [
      'lists nested beyond any use',
      write('tokenizer.json', `{"model": ${'['.repeat(200_000)}${']'.repeat(200_000)}}`),
      /^MODEL\/tokenizer\.json: not a tokenizer that can be loaded: /,
    ],
  ])('%s', async (_, change, message) => {
    expect(await problemOf(change)).toEqual(
      typeof message === 'string' ? `MODEL/tokenizer.json: ${message}` : expect.stringMatching(message),
    );
  });

  test('objects nested beyond any use in the place of a name are no name', async () => {
    const directory = await tinyTokenizerDirectory({});
    const depth = 200_000;
    const nested = `${'{"content":'.repeat(depth)}1${'}'.repeat(depth)}`;
    await writeFile(join(directory, 'tokenizer_config.json'), `{"eos_token": ${nested}}`);
    expect((await loadTokenizer(directory)).eosTokenId).toBeNull();
  });

  test('a directory that does not exist says what a model directory holds', async () => {
    const nowhere = join(await mkdtemp(join(tmpdir(), 'tokenizer-')), 'nowhere');
    await expect(loadTokenizer(nowhere)).rejects.toMatchObject({ hint: expect.stringContaining('tokenizer.json') });
  });
});

describe('the vocabulary of the model beside it', () => {
  const { added_tokens } = tinyTokenizerJson();
  const last = added_tokens[added_tokens.length - 1];

  async function directoryWith(vocab_size: number): Promise<string> {
    const directory = await tinyTokenizerDirectory({});
    await writeFile(join(directory, 'config.json'), JSON.stringify({ vocab_size }));
    return directory;
  }

  test('may be as large, or larger: models pad their embeddings', async () => {
    for (const vocab_size of [last.id + 1, last.id + 100]) {
      expect((await loadTokenizer(await directoryWith(vocab_size))).vocabSize).toBe(last.id + 1);
    }
  });

  test('must not be smaller: the error names both numbers and both files', async () => {
    const directory = await directoryWith(last.id);
    const error = loadTokenizer(directory);
    await expect(error).rejects.toBeInstanceOf(WeightsError);
    await expect(error).rejects.toMatchObject({
      message:
        `${directory}/tokenizer.json: its ids go up to 273 ("<|bos|>"), but the model has embeddings for 273 tokens ` +
        `(vocab_size in ${directory}/config.json)`,
      hint: expect.stringContaining('use the one that came with the model'),
    });
  });
});
