// Files of comparisons that cannot be trained on: what `cookbook validate` says of them, and what a run warns of.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../../src/builtin.ts';
import { preferenceDatasetSlot } from '../../../src/preference/types.ts';
import { tokensOf } from '../../../src/tinker/types.ts';
import { formatDiagnostic } from '../../../src/util/errors.ts';
import type { JsonObject } from '../../../src/util/json.ts';
import { validateCommand } from '../../../src/validate/command.ts';
import { testRenderer } from '../../rl/support/scripted_policy.ts';
import { workspace } from '../../spec/workspace.ts';
import { writeChatModel } from '../../support/chat_model.ts';
import { writeParquet } from '../../support/parquet.ts';
import { CHATML } from '../../support/tiny_tokenizer.ts';

let directory: string;

beforeAll(async () => {
  directory = await workspace({
    'spec.yaml': [
      'trainer: dpo',
      'log_path: run',
      'model_name: ./model',
      'dataset: {builder: comparison_file, file_path: rows.jsonl, batch_size: 2}',
      '',
    ].join('\n'),
  });
  await writeChatModel(join(directory, 'model'));
});

/** All that validate says of the spec with these rows, without the directory. */
async function said(rows: string | Buffer | null, ...overrides: string[]): Promise<string[]> {
  if (rows !== null) await writeFile(join(directory, 'rows.jsonl'), rows);
  const argv = ['spec.yaml', ...overrides];
  const { diagnostics } = await validateCommand(argv, builtinRegistry, { cwd: directory, env: {} });
  return diagnostics.map((diagnostic) => formatDiagnostic(diagnostic).replaceAll(`${directory}/`, ''));
}

const GOOD = { prompt: 'Hi', chosen: 'Hello.', rejected: 'Go away.' };
const lines = (...rows: unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const message = (role: string, content: string) => ({ role, content });
const comparison = {
  prompt_conversation: [message('user', 'Hi')],
  completion_A: [message('assistant', 'Hello.')],
  completion_B: [message('assistant', 'Go away.')],
};
const helpsteer = { context: 'Hi', response1: 'Hello.', response2: 'Go away.' };
const nested = `{"prompt": ${'['.repeat(20_000)}${']'.repeat(20_000)}, "chosen": "a", "rejected": "b"}\n`;

describe('validate names the line and what to do', () => {
  it.each<[string, string, string[]]>([
    ['a wrong label', lines({ comparison, label: 'A' }, { comparison, label: 'a' }), []],
    ['equal replies', lines(GOOD, { ...GOOD, rejected: 'Hello.' }), []],
    ['no prompt', lines({ chosen: 'Hello.', rejected: 'Go away.' }), []],
    ['rows of another kind', lines({ question: 'Hi', better: 'Hello.', worse: 'Go away.' }), []],
    ['another format later on', lines(GOOD, { comparison, label: 'A' }), []],
    ['as many held out as there are', lines(GOOD, GOOD, GOOD), ['dataset.test_size=3']],
    ['nested too deeply', `${lines(GOOD)}${nested}`, []],
    ['a preference that is text', lines({ ...helpsteer, overall_preference: 'first' }), []],
    ['an empty file', '', []],
    ['a bad row among many that are skipped', lines(GOOD, {}), ['dataset.on_bad_row=skip']],
    ['nothing but bad rows that are skipped', lines({}, {}), ['dataset.on_bad_row=skip']],
  ])('%s', async (what, rows, overrides) => {
    expect(`${what}: ${(await said(rows, ...overrides)).join('\n')}`).toMatchSnapshot();
  });

  it('a missing file', async () => {
    expect(await said(null, 'dataset.file_path=none.jsonl')).toMatchInlineSnapshot(`
      [
        "command line:1:19 dataset/file_path: there is no such file or directory: none.jsonl; did you mean rows.jsonl? (in "dataset.file_path=none.jsonl")",
      ]
    `);
    expect(await said(lines(GOOD), 'dataset.test_file_path=none.jsonl')).toMatchInlineSnapshot(`
      [
        "command line:1:24 dataset/test_file_path: there is no such file or directory: none.jsonl; did you mean rows.jsonl? (in "dataset.test_file_path=none.jsonl")",
      ]
    `);
  });

  it('replies that a template makes the same', async () => {
    const model = join(directory, 'trimming');
    await writeChatModel(model);
    const config = join(model, 'tokenizer_config.json');
    const trimming = CHATML.replace('message.content', '(message.content | trim)');
    await writeFile(config, JSON.stringify({ ...JSON.parse(await readFile(config, 'utf8')), chat_template: trimming }));
    const rows = lines(GOOD, { ...GOOD, rejected: 'Hello. ' });
    expect(await said(rows, 'model_name=./trimming')).toEqual([
      expect.stringContaining('rows.jsonl:2: both completions are the same tokens, so there is nothing to prefer'),
    ]);
    expect(await said(rows)).toEqual([]);
  });

  it('NaN, which is no JSON', async () => {
    const row = `${JSON.stringify(helpsteer).replace('}', ', "overall_preference": NaN}')}\n`;
    expect((await said(row)).join('\n')).toMatch(
      /^spec\.yaml:4:48 dataset\/file_path: rows\.jsonl:1: not valid JSON: .*N/,
    );
  });

  it('NaN of a Parquet file', async () => {
    await writeParquet(
      directory,
      'nan.parquet',
      "SELECT 'Hi' AS context, 'Hello.' AS response1, 'Go away.' AS response2, 'NaN'::DOUBLE AS overall_preference",
    );
    expect(await said(null, 'dataset.file_path=nan.parquet')).toMatchInlineSnapshot(`
      [
        "command line:1:19 dataset/file_path: nan.parquet: row 1: overall_preference: must be a number, not "NaN" (in "dataset.file_path=nan.parquet")",
      ]
    `);
  });
});

describe('what is as good as plain JSON Lines', () => {
  it.each<[string, string | Buffer, string[]]>([
    ['a byte order mark', `\ufeff${lines(GOOD, GOOD)}`, []],
    ['CRLF', lines(GOOD, GOOD).replaceAll('\n', '\r\n'), []],
    ['gzip', gzipSync(lines(GOOD, GOOD)), []],
    ['an array', JSON.stringify([GOOD, GOOD]), []],
    [
      'columns of other names',
      lines({ q: 'Hi', better: 'Hello.', worse: 'Go away.' }),
      ['dataset.columns={prompt: q, chosen: better, rejected: worse}'],
    ],
  ])('%s', async (_, rows, overrides) => {
    expect(await said(rows, ...overrides)).toEqual([]);
    expect((await read({ file_path: join(directory, 'rows.jsonl'), ...columnsOf(overrides) })).pairs).toBeGreaterThan(
      0,
    );
  });

  it('Parquet', async () => {
    await writeParquet(directory, 'good.parquet', "SELECT 'Hi' AS prompt, 'Hello.' AS chosen, 'Go away.' AS rejected");
    expect(await said(null, 'dataset.file_path=good.parquet')).toEqual([]);
    expect((await read({ file_path: join(directory, 'good.parquet') })).pairs).toBe(1);
  });
});

const columnsOf = (overrides: readonly string[]): JsonObject =>
  overrides.length === 0 ? {} : { columns: { prompt: 'q', chosen: 'better', rejected: 'worse' } };

/** The dataset as a run builds it, and what it warns of. */
async function read(params: JsonObject) {
  const warnings: string[] = [];
  const renderer = testRenderer();
  const { train } = await builtinRegistry().build(
    preferenceDatasetSlot,
    { builder: 'comparison_file', batch_size: 100, ...params },
    {
      tokenizer: renderer.tokenizer,
      renderer,
      maxContextLength: 64,
      seed: 0,
      warn: (text) => warnings.push(text.replaceAll(`${directory}/`, '')),
    },
  );
  const batch = await train.getBatch(0);
  return {
    pairs: batch.length,
    longest: Math.max(...batch.map(({ chosen }) => (chosen === null ? 0 : tokensOf(chosen.model_input).length))),
    warnings,
  };
}

describe('max_length', () => {
  const LONG = { ...GOOD, chosen: 'so '.repeat(80) };
  const BEYOND = { ...GOOD, prompt: 'why '.repeat(80) };
  const file = async (...rows: unknown[]) => {
    await writeFile(join(directory, 'rows.jsonl'), lines(...rows));
    return join(directory, 'rows.jsonl');
  };

  it('cuts a reply that is longer, and leaves out a pair whose reply begins beyond it', async () => {
    const { pairs, longest, warnings } = await read({
      file_path: await file(GOOD, LONG, BEYOND, LONG),
      max_length: 40,
    });
    expect(pairs).toBe(3);
    expect(longest).toBeLessThanOrEqual(40);
    expect(warnings).toMatchInlineSnapshot(`
      [
        "rows.jsonl: 2 of 4 comparisons cut to max_length 40 (lines 2, 4)",
        "rows.jsonl: 1 of 4 comparisons left out, of which max_length 40 leaves nothing to learn (line 3)",
      ]
    `);
  });

  it('leaves out a pair whose replies begin alike, where it cuts away what tells them apart', async () => {
    const start = 'so '.repeat(40);
    const alike = { ...GOOD, chosen: `${start}good`, rejected: `${start}bad` };
    const { pairs, warnings } = await read({ file_path: await file(GOOD, alike), max_length: 40 });
    expect(pairs).toBe(1);
    expect(warnings).toEqual([
      'rows.jsonl: 1 of 2 comparisons left out, of which max_length 40 leaves nothing to learn (line 2)',
    ]);
  });

  it('is refused where no pair is left, or where the model takes less', async () => {
    await expect(read({ file_path: await file(BEYOND) })).rejects.toThrow(
      /rows\.jsonl: none of the comparisons is left that can be trained on/,
    );
    await expect(read({ file_path: await file(GOOD), max_length: 65 })).rejects.toThrow(
      'max_length 65 is more than the 64 tokens that the model takes',
    );
  });
});
