// GSM8K in the rows that its authors publish.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { rendererSlot } from '../../src/renderers/types.ts';
import { datasetSlot } from '../../src/supervised/types.ts';
import { tokensOf } from '../../src/tinker/types.ts';
import { cookbook } from '../support/cli.ts';
import { tinyTokenizer } from '../support/tiny_tokenizer.ts';

const ROWS = [
  { question: 'How many legs have 2 cats?', answer: '2*4=<<2*4=8>>8\n#### 8' },
  { question: 'And 3?', answer: '3*4=<<3*4=12>>12\n#### 12' },
];

async function setup(rows: object[]) {
  const directory = await mkdtemp(join(tmpdir(), 'cookbook-gsm8k-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, 'train.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return directory;
}

async function load(rows: object[], params: object = {}) {
  const directory = await setup(rows);
  const registry = builtinRegistry();
  const tokenizer = await tinyTokenizer();
  const renderer = await registry.build(rendererSlot, { builder: 'chat_template' }, { tokenizer });
  const file_path = join(directory, 'train.jsonl');
  const ref = { builder: 'gsm8k', file_path, test_file_path: file_path, batch_size: 2, shuffle_seed: null };
  const context = { tokenizer, renderer, maxContextLength: 512, seed: 0, warn: () => undefined };
  const datasets = await registry.build(datasetSlot, { ...ref, ...params }, context);
  return { ...datasets, tokenizer };
}

test('the question is asked, and all of the answer is learned', async () => {
  const { train, test: heldOut, tokenizer } = await load(ROWS, { num_test_examples: 1 });
  const [first] = await train.getBatch(0);
  const tokens = tokensOf(first.model_input);
  const { weights, target_tokens } = first.loss_fn_inputs;
  const learned = [...target_tokens.data].filter((_, i) => weights.data[i] > 0).map(Number);
  expect(tokenizer.decode(tokens)).toContain('How many legs have 2 cats?');
  expect(tokenizer.decode(learned)).toBe('2*4=<<2*4=8>>8\n#### 8<|im_end|>');
  expect(await heldOut?.getBatch(0)).toHaveLength(1);
});

test('a row of other fields is an error at its line', async () => {
  await expect(load([ROWS[0], { question: 'And 3?' }])).rejects.toThrow(/train\.jsonl:2.*answer: must be a text/);
});

test('who does not have the data is told where to get it', async () => {
  const directory = await setup(ROWS);
  await writeFile(
    join(directory, 'spec.yaml'),
    'trainer: supervised\nlog_path: run\nmodel_name: acme/model\ndataset: {builder: gsm8k, file_path: gone.jsonl, batch_size: 2}\n',
  );
  const { code, stderr } = await cookbook(['run', 'spec.yaml'], { cwd: directory });
  expect(code).toBe(2);
  expect(stderr).toContain(
    'gone.jsonl; get it from https://github.com/openai/grade-school-math (grade_school_math/data)',
  );
});
