// Mixtures of datasets, batches filled by tokens, and rows that stay on the disk.

import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Type } from '@sinclair/typebox';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defineBuilder } from '../../src/registry/builder.ts';
import { Registry } from '../../src/registry/registry.ts';
import { datasetBuilders } from '../../src/supervised/builders.ts';
import { packBatches } from '../../src/supervised/token_batches.ts';
import { datasetSlot, type SupervisedDataset } from '../../src/supervised/types.ts';
import { lengthOf } from '../../src/tinker/types.ts';
import { CookbookError } from '../../src/util/errors.ts';
import type { JsonObject } from '../../src/util/json.ts';
import { permutation } from '../../src/util/permutation.ts';
import { samplingInput, scriptedModel } from '../example_data/tiny_corpus/scripted_model.ts';
import { build, chat, directory, refusal, roleColon, textsOf, tokenizer } from './support/conversations.ts';

const registry = new Registry(datasetBuilders);

/** Files a, b, … of so many rows, which say `a0`, `a1`, …. */
async function members(...lengths: number[]): Promise<JsonObject[]> {
  return await Promise.all(
    lengths.map(async (length, file) => {
      const name = 'abc'[file] ?? 'z';
      const file_path = join(directory, `${name}.jsonl`);
      await writeFile(file_path, Array.from({ length }, (_, row) => chat('q', `${name}${row}`)).join('\n'));
      return { builder: 'conversation_file', file_path, batch_size: 2, shuffle_seed: null };
    }),
  );
}

async function interleaved(datasets: JsonObject[], params: JsonObject = {}, seed = 0) {
  const context = { tokenizer, renderer: roleColon, maxContextLength: 1000, seed, warn: () => undefined };
  return await registry.build(datasetSlot, { builder: 'interleave', datasets, ...params }, context);
}

const refused = async (...args: Parameters<typeof interleaved>) => {
  const error: unknown = await interleaved(...args).catch((thrown: unknown) => thrown);
  return error instanceof CookbookError ? error.message : 'accepted';
};

async function answersOf(dataset: SupervisedDataset | null): Promise<string[]> {
  return (await textsOf(dataset)).map((text) => /Assistant: (\w+)/.exec(text)?.[1] ?? '');
}

async function counts(dataset: SupervisedDataset) {
  const batches = Array.from({ length: dataset.length }, (_, index) => dataset.sourcesOf?.(index) ?? {});
  const names = Object.keys(batches[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, batches.reduce((sum, each) => sum + (each[name] ?? 0), 0)]));
}

describe('datasets are interleaved', () => {
  it('with what each of them has to measure, under its name', async () => {
    const measured = (value: number) =>
      defineBuilder({
        slot: datasetSlot,
        name: `measured_${value}`,
        version: 1,
        doc: 'A dataset that measures something of its own.',
        params: Type.Object({}),
        async build(_, context) {
          const [member] = await members(2);
          const datasets = await registry.build(datasetSlot, { ...member, builder: 'conversation_file' }, context);
          return { ...datasets, evaluators: [{ evaluate: async () => ({ 'test/accuracy': value }) }] };
        },
      });
    const both = new Registry([...datasetBuilders, measured(1), measured(2)]);
    const context = { tokenizer, renderer: roleColon, maxContextLength: 1000, seed: 0, warn: () => undefined };
    const datasets = [{ builder: 'measured_1' }, { builder: 'measured_2' }];
    const { evaluators = [] } = await both.build(datasetSlot, { builder: 'interleave', datasets }, context);
    const input = samplingInput(scriptedModel(() => 'nothing is asked'));
    expect(await Promise.all(evaluators.map((each) => each.evaluate(input)))).toEqual([
      { 'test/accuracy/measured_1': 1 },
      { 'test/accuracy/measured_2': 2 },
    ]);
  });

  it('by turns, until the first of them is used up', async () => {
    const { train } = await interleaved(await members(2, 3));
    expect(await answersOf(train)).toEqual(['a0', 'b0', 'a1', 'b1']);
  });

  it('by turns, until all of them are', async () => {
    const { train } = await interleaved(await members(2, 3), { stopping_strategy: 'all_exhausted' });
    expect(await answersOf(train)).toEqual(['a0', 'b0', 'a1', 'b1', 'a0', 'b2']);
    expect(await counts(train)).toEqual({ a: 3, b: 3 });
  });

  it('by probabilities, which the counts of each source follow', async () => {
    const { train } = await interleaved(await members(300, 300), { probabilities: [3, 1] });
    const { a = 0, b = 0 } = await counts(train);
    expect(a).toBe(300);
    expect(b / (a + b)).toBeGreaterThan(0.2);
    expect(b / (a + b)).toBeLessThan(0.3);
    const answers = await answersOf(train);
    expect(answers.filter((text) => text.startsWith('b'))).toEqual(Array.from({ length: b }, (_, row) => `b${row}`));
    expect(answers.at(-1)).toBe('a299');
  });

  it('the same way for the same seeds, and in every epoch from the same sources', async () => {
    const datasets = (await members(20, 20)).map((each) => ({ ...each, shuffle_seed: 0 }));
    const params = { probabilities: [0.5, 0.5], stopping_strategy: 'all_exhausted' };
    const order = async (seed: number, epoch: number) => {
      const { train } = await interleaved(datasets, params, seed);
      train.setEpoch(epoch);
      return await answersOf(train);
    };
    const [first, again, next, other] = [await order(1, 0), await order(1, 0), await order(1, 1), await order(2, 0)];
    expect(again).toEqual(first);
    expect(next).not.toEqual(first);
    const sources = (answers: string[]) => answers.map((text) => text[0]).join('');
    expect(sources(next)).toBe(sources(first));
    expect(sources(other)).not.toBe(sources(first));
    for (const answers of [first, next, other]) expect(new Set(answers).size).toBe(40);
  });

  it('with a held-out set of all of them, and names', async () => {
    const [a, b] = await members(4, 4);
    const { train, test } = await interleaved(
      [
        { ...a, test_size: 1 },
        { ...b, test_size: 2 },
      ],
      { names: ['x', 'y'] },
    );
    expect((await answersOf(test)).sort()).toEqual(['a0', 'b0', 'b1']);
    expect(await counts(train)).toEqual({ x: 2, y: 2 });
  });

  it('under names that differ, also from those that others of them have', async () => {
    const [a, b] = await members(4, 4);
    const file_path = join(directory, 'a_1.jsonl');
    await writeFile(file_path, chat('q', 'c0'));
    const { train } = await interleaved([a, a, b, { ...a, file_path }]);
    expect(await counts(train)).toEqual({ a_0: 1, a_1_1: 1, b: 1, a_1: 1 });
  });

  it('not for ever: a source that is hardly drawn cannot be waited for', async () => {
    const [a, b] = await members(4, 4);
    const params = { probabilities: [1, 1e-9], stopping_strategy: 'all_exhausted' };
    expect(await refused([a, b], params)).toMatch(
      /^with the probability 1e-9 the dataset b would be used up after about 4\.0e\+9/,
    );
    expect(await refused([a, b], { ...params, stopping_strategy: 'first_exhausted' })).toBe('accepted');
  });

  it('not where they do not fit together', async () => {
    const [a, b] = await members(4, 4);
    expect(await refused([a, b], { probabilities: [1] })).toBe('1 probabilities cannot be those of 2 datasets');
    expect(await refused([a, { ...b, batch_size: 3 }])).toBe(
      'interleaved datasets must have one batch_size; these have 2, 3',
    );
    expect(await refused([a, { ...b, batch_size: null, batch_tokens: 64 }])).toBe(
      'the dataset b cannot be interleaved: it hands out whole batches',
    );
    expect(await refused([a, b], { names: ['x', 'x'] })).toMatch(/^names must be 2 different ones/);
  });
});

describe('batches by tokens', () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 80 });

  it('hold every example once, none more tokens than the bound, and are as many in every epoch', () => {
    fc.assert(
      fc.property(lengths, fc.integer({ min: 50, max: 200 }), fc.nat(), (tokens, bound, seed) => {
        const epochs = [0, 1].map((epoch) => packBatches(tokens, bound, permutation(tokens.length, [seed, epoch])));
        for (const batches of epochs) {
          expect(batches.flat().sort((a, b) => a - b)).toEqual(tokens.map((_, index) => index));
          for (const batch of batches)
            expect(batch.reduce((sum, index) => sum + tokens[index], 0)).toBeLessThanOrEqual(bound);
        }
        expect(epochs[1]).toHaveLength(epochs[0].length);
      }),
    );
  });

  it('are nearly of one size', () => {
    const tokens = permutation(2000, [1]).map((each) => 20 + (each % 180));
    const sizes = packBatches(tokens, 2048, permutation(2000, [2])).map((batch) =>
      batch.reduce((sum, index) => sum + tokens[index], 0),
    );
    const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    expect(mean).toBeGreaterThan(0.98 * 2048);
    for (const size of sizes) expect(Math.abs(size / mean - 1)).toBeLessThan(0.05);
  });

  it('are those of a conversation file, other ones in each epoch', async () => {
    const rows = Array.from({ length: 40 }, (_, row) => chat('q', 'word '.repeat(1 + (row % 5)).trim() + row));
    const { train } = await build(rows.join('\n'), { batch_size: null, batch_tokens: 300, shuffle_seed: 0 });
    const epochs: string[] = [];
    for (const epoch of [0, 1]) {
      train.setEpoch(epoch);
      const batches = await Promise.all(Array.from({ length: train.length }, (_, index) => train.getBatch(index)));
      const tokens = batches.map((batch) => batch.reduce((sum, datum) => sum + lengthOf(datum.model_input), 0));
      expect(Math.max(...tokens)).toBeLessThanOrEqual(300);
      const texts = await textsOf(train);
      expect(new Set(texts).size).toBe(40);
      epochs.push(texts.join());
    }
    expect(epochs[0]).not.toBe(epochs[1]);
  });

  it('are refused for an example that fits in none, and beside batch_size', async () => {
    const long = chat('q', 'a'.repeat(100));
    expect(await refusal(long, { batch_size: null, batch_tokens: 50 })).toMatch(
      /^DATA_VALIDATION an example has \d+ tokens, more than the batch_tokens 50$/,
    );
    expect(await refusal(long, { batch_tokens: 50 })).toBe(
      'CONFIGURATION the dataset has both batch_size and batch_tokens',
    );
    expect(await refusal(long, { batch_size: null })).toBe(
      'CONFIGURATION the dataset has neither batch_size nor batch_tokens',
    );
  });
});

describe('rows that stay on the disk', () => {
  const rows = Array.from({ length: 30 }, (_, row) => chat(`q${row}`, `é${'x'.repeat(row)}`));

  it.each([
    ['lines', rows.join('\n')],
    ['a byte order mark, CRLF and blank lines', `\uFEFF${rows.join('\r\n\r\n')}\r\n`],
    ['lines that are longer than what is read at a time', [chat('q', 'y'.repeat(70_000)), ...rows].join('\n')],
  ])('are the same in the same order: %s', async (_, bytes) => {
    const params = { shuffle_seed: 0, test_size: 3, max_length: 24 };
    for (const batches of [{ batch_size: 4 }, { batch_size: null, batch_tokens: 100 }]) {
      const held = await build(bytes, { ...params, ...batches });
      // The file is written anew for each, so that the one that goes on reading it comes last.
      const streamed = await build(bytes, { ...params, ...batches, streaming: true });
      expect(streamed.warnings).toEqual(held.warnings);
      for (const epoch of [1, 0]) {
        for (const each of [streamed, held]) each.train.setEpoch(epoch);
        expect(await textsOf(streamed.train)).toEqual(await textsOf(held.train));
      }
      expect(await textsOf(streamed.test)).toEqual(await textsOf(held.test));
    }
  });

  it('must be plain lines of JSON', async () => {
    const streaming = { streaming: true };
    expect(await refusal(gzipSync(rows.join('\n')), streaming)).toBe('CONFIGURATION FILE: cannot be streamed');
    expect(await refusal(`[${rows.join(',')}]`, streaming)).toMatch(
      /FILE(:1)?: is a JSON array, which cannot be streamed/,
    );
    expect(await refusal(Buffer.from(`\uFEFF${rows.join('\n')}`, 'utf16le'), streaming)).toBe(
      'CONFIGURATION FILE: is UTF-16, which cannot be streamed',
    );
  });

  it('must not change while they are trained on', async () => {
    const { train } = await build(rows.join('\n'), { streaming: true });
    await appendFile(join(directory, 'file.jsonl'), `\n${rows[0]}`);
    await expect(train.getBatch(0)).rejects.toThrow('has changed since its rows were found');
  });
});
