// The text_file dataset: documents, blocks, what is held out and what is refused.

import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { Registry } from '../../src/registry/registry.ts';
import { datasetBuilders } from '../../src/supervised/builders.ts';
import type { TextFileParams } from '../../src/supervised/dataset_params.ts';
import { datasetSlot, type SupervisedDataset } from '../../src/supervised/types.ts';
import { tokensOf } from '../../src/tinker/types.ts';
import type { Tokenizer } from '../../src/tokenizers/types.ts';
import { writeParquet } from '../support/parquet.ts';
import { tinyTokenizer } from '../support/tiny_tokenizer.ts';

let tokenizer: Tokenizer;
let directory: string;
beforeAll(async () => {
  tokenizer = await tinyTokenizer();
  directory = await mkdtemp(join(tmpdir(), 'text-'));
});

async function build(
  text: string | Buffer,
  { name = 'file.txt', ...params }: Partial<TextFileParams> & { name?: string } = {},
  used: Tokenizer = tokenizer,
) {
  const file_path = join(directory, name);
  await writeFile(file_path, text);
  const small = { batch_size: 1, max_length: 8, shuffle_seed: null, reduction: 'none' };
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message.replaceAll(directory, ''));
  const datasets = await new Registry(datasetBuilders).build(
    datasetSlot,
    { builder: 'text_file', file_path, ...small, ...params },
    { tokenizer: used, renderer: null, maxContextLength: 16, seed: 0, warn },
  );
  return { ...datasets, warnings };
}

const datumsOf = async (dataset: SupervisedDataset | null) => {
  if (dataset === null) return [];
  const batches = await Promise.all(Array.from({ length: dataset.length }, (_, index) => dataset.getBatch(index)));
  return batches.flat();
};

/** The packed tokens again: the first input, then every target. */
async function packed(dataset: SupervisedDataset | null): Promise<number[]> {
  const datums = await datumsOf(dataset);
  const first = datums.slice(0, 1).flatMap((datum) => tokensOf(datum.model_input).slice(0, 1));
  return [...first, ...datums.flatMap((datum) => [...datum.loss_fn_inputs.target_tokens.data])];
}

const textOf = async (dataset: SupervisedDataset | null) => tokenizer.decode(await packed(dataset));

describe('documents', () => {
  test('are separated by a line, and by a token', async () => {
    const { train, test: held } = await build(
      'one\nline two\n\n<|endoftext|>\n\ntwo\r\nlines\r\n<|endoftext|>\n<|endoftext|>\n',
    );
    expect(await textOf(train)).toBe('one\nline two<|endoftext|>two\nlines<|endoftext|>');
    expect((await packed(train)).filter((token) => tokenizer.isSpecial(token))).toHaveLength(2);
    expect(held).toBeNull();
  });

  test('may be rows with a text', async () => {
    const { train } = await build('{"text": "one\\n"}\n\n{"text": "two", "source": "x"}\n', { name: 'file.jsonl' });
    expect(await textOf(train)).toBe('one\n<|endoftext|>two<|endoftext|>');
  });

  test('may be packed with gzip, in UTF-16, or in Parquet', async () => {
    const two = 'one\n<|endoftext|>\ntwo\n';
    const rows = '{"text": "one"}\n{"text": "two"}\n';
    const parquet = await readFile(await writeParquet(directory, 'x', `SELECT unnest(['one', 'two']) AS text`));
    const all = await Promise.all([
      build(gzipSync(two), { name: 'file.txt.gz' }),
      build(gzipSync(rows), { name: 'file.jsonl.gz' }),
      build(`[{"text": "one"}, {"text": "two"}]`, { name: 'list.jsonl' }),
      build(Buffer.from(`\uFEFF${two}`, 'utf16le'), { name: 'utf16.txt' }),
      build(parquet, { name: 'file.parquet' }),
    ]);
    for (const { train } of all) expect(await textOf(train)).toBe('one<|endoftext|>two<|endoftext|>');
  });

  test('in JSON that is read as plain text are told', async () => {
    const { train, warnings } = await build('[{"text": "one"}]', { name: 'file.json' });
    expect(await textOf(train)).toBe('[{"text": "one"}]<|endoftext|>');
    expect(warnings).toEqual([
      '/file.json: is trained on as plain text, JSON and all; a name in .jsonl would make it rows with a "text"',
    ]);
  });

  test('hold whole characters, and rows have a text', async () => {
    await expect(build('{"text": "a\\ud83d"}', { name: 'half.jsonl' })).rejects.toThrow(
      /half\.jsonl:1: text: holds \\ud83d, which is half of a character$/,
    );
    await expect(build('{"messages": []}', { name: 'chat.jsonl' })).rejects.toMatchObject({
      hint: 'The row has "messages". Conversations are read by the dataset conversation_file.',
    });
  });

  test('end in EOS where the tokenizer has no <|endoftext|>', async () => {
    const { train } = await build('one', {}, { ...tokenizer, tokenId: () => null });
    expect(await textOf(train)).toBe('one<|im_end|>');
    await expect(build('one', {}, { ...tokenizer, tokenId: () => null, eosTokenId: null })).rejects.toThrow(
      'the tokenizer has neither <|endoftext|> nor an EOS to put between documents',
    );
  });

  test('hold special tokens only if the spec says that they do', async () => {
    const specials = async (special_tokens: boolean) => {
      const { train } = await build('a <|im_start|> b', { special_tokens });
      return (await packed(train)).filter((token) => tokenizer.isSpecial(token)).length;
    };
    expect([await specials(false), await specials(true)]).toEqual([1, 2]);
  });
});

describe('blocks', () => {
  test('are full but for the last, and train every token but the first once', async () => {
    const words = fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(words, fc.integer({ min: 1, max: 16 }), async (texts, max_length) => {
        const rows = texts.map((text) => JSON.stringify({ text })).join('\n');
        const { train } = await build(rows, { name: 'file.jsonl', max_length });
        const datums = await datumsOf(train);
        const lengths = datums.map((datum) => tokensOf(datum.model_input).length);
        expect(lengths.slice(0, -1).every((length) => length === max_length)).toBe(true);
        expect(datums.every((datum) => [...datum.loss_fn_inputs.weights.data].every((weight) => weight === 1))).toBe(
          true,
        );
        const expected = texts.flatMap((text) => [
          ...tokenizer.encode(text, { special: false }),
          ...tokenizer.encode('<|endoftext|>'),
        ]);
        expect(await packed(train)).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  });

  test('are as long as the model takes where the spec names no length, and never longer', async () => {
    const { train } = await build('x '.repeat(50), { max_length: null });
    expect(tokensOf((await datumsOf(train))[0].model_input)).toHaveLength(16);
    await expect(build('x', { max_length: 17 })).rejects.toThrow(
      'max_length 17 is more than the 16 tokens that the model takes',
    );
  });

  test('are shuffled every epoch, their text is not', async () => {
    const { train } = await build('abcdefghijklmnop'.repeat(8), { shuffle_seed: 0 });
    const first = (await datumsOf(train)).map((datum) => tokensOf(datum.model_input).join());
    train.setEpoch(1);
    const second = (await datumsOf(train)).map((datum) => tokensOf(datum.model_input).join());
    expect(second).not.toEqual(first);
    expect([...second].sort()).toEqual([...first].sort());
  });
});

describe('the held-out documents', () => {
  const rows = Array.from({ length: 10 }, (_, index) => JSON.stringify({ text: `doc${index}` })).join('\n');

  test('come from the beginning where nothing is shuffled', async () => {
    const { train, test: held } = await build(rows, { name: 'file.jsonl', test_fraction: 0.25 });
    expect(await textOf(held)).toBe('doc0<|endoftext|>doc1<|endoftext|>doc2<|endoftext|>');
    expect(await textOf(train)).toBe([3, 4, 5, 6, 7, 8, 9].map((index) => `doc${index}<|endoftext|>`).join(''));
  });

  test('are whole, and depend on shuffle_seed', async () => {
    const heldBy = async (shuffle_seed: number) =>
      textOf((await build(rows, { name: 'file.jsonl', test_fraction: 0.25, shuffle_seed })).test);
    // One after the other: each writes the file anew.
    const first = await heldBy(1);
    const again = await heldBy(1);
    const other = await heldBy(2);
    expect(first).toMatch(/^(doc\d<\|endoftext\|>){3}$/);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  test('leave something to train on', async () => {
    await expect(build('one document', { test_fraction: 0.1 })).rejects.toThrow(
      /test_fraction 0\.1 leaves none of its 1 documents to train on$/,
    );
  });
});

describe('bad files', () => {
  const place = (name: string) => join(directory, name);

  test.each([
    ['file.txt', '', 'the file holds no text'],
    ['file.txt', '\n<|endoftext|>\n\n', 'the file holds no text'],
    ['file.jsonl', '{"text": ""}', 'the file holds no text'],
    ['file.jsonl', '\n', 'the file is empty'],
  ])('%s that holds %j', async (name, text, message) => {
    await expect(build(text, { name })).rejects.toThrow(`${place(name)}: ${message}`);
  });

  test.each([
    ['{"text": 1}', 'text: each row must have a "text" that is a string'],
    ['{}', 'text: each row must have a "text" that is a string'],
    ['text', 'not valid JSON'],
  ])('the row %s', async (text, message) => {
    await expect(build(`{"text": "x"}\n${text}`, { name: 'file.jsonl' })).rejects.toThrow(
      `${place('file.jsonl')}:2: ${message}`,
    );
  });

  test('bytes that are no text', async () => {
    const file_path = place('bytes.txt');
    await writeFile(file_path, Buffer.from([0x61, 0x0a, 0xc3, 0x28]));
    await expect(build('', { file_path })).rejects.toThrow(`${file_path}:2: not valid UTF-8`);
  });
});
