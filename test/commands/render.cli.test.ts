// cookbook render, as its users meet it: built, in a process of its own.

import { exec } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { chatTemplateRenderer } from '../../src/renderers/chat_template.ts';
import { conversationFileDatasets } from '../../src/supervised/conversation_file.ts';
import { tokensOf } from '../../src/tinker/types.ts';
import { loadTokenizer } from '../../src/tokenizers/hf_tokenizer.ts';
import { type Files, workspace } from '../spec/workspace.ts';
import { fenced } from '../support/docs.ts';
import { CHATML, tinyTokenizerJson } from '../support/tiny_tokenizer.ts';
import { cookbook, REPOSITORY } from './command_line.ts';

const CONFIG = { bos_token: null, eos_token: '<|im_end|>', pad_token: '<|pad|>', chat_template: CHATML };
const MODEL: Files = {
  'model/tokenizer.json': JSON.stringify(tinyTokenizerJson()),
  'model/tokenizer_config.json': JSON.stringify(CONFIG),
};
const row = (...messages: [role: string, content: string][]) =>
  JSON.stringify({ messages: messages.map(([role, content]) => ({ role, content })) });
const ROWS = [
  row(['user', 'hello?'], ['assistant', 'world é'], ['user', 'or'], ['assistant', 'hello world\nworld']),
  row(['user', 'hello']),
];

let directory: string;
beforeAll(async () => {
  directory = await workspace({ ...MODEL, 'rows.jsonl': ROWS.join('\n') });
});

const render = (...argv: string[]) => cookbook(directory, 'render', ...argv, '--model', 'model');

test('shows tokens, and what of them is trained', async () => {
  const { code, stdout, stderr } = await render('rows.jsonl');
  expect(code).toBe(0);
  expect(stdout).toMatchInlineSnapshot(`
    "
    rows.jsonl:1  51 tokens, 14 trained
    <|im_start|>│user│⏎
    │hello│?│<|im_end|>│⏎
    │<|im_start|>│a│s│s│i│s│t│a│n│t│⏎
    │⟦w│or│ld│ │◌│é│<|im_end|>⟧│⏎
    │<|im_start|>│user│⏎
    │or│<|im_end|>│⏎
    │<|im_start|>│a│s│s│i│s│t│a│n│t│⏎
    │⟦hello│ world│⏎⟧
    │⟦w│or│ld│<|im_end|>⟧│⏎

    rows.jsonl:2  6 tokens, 0 trained
    <|im_start|>│user│⏎
    │hello│<|im_end|>│⏎
    "
  `);
  expect(stderr).toMatchInlineSnapshot(`
    "⟦ ⟧ trained, │ between tokens, ⏎ line break, ◌ part of a character to come
    2 rows, 57 tokens, 14 trained
    "
  `);
});

test('shows as many rows as asked, by the renderer that is asked', async () => {
  const { stdout } = await render(
    'rows.jsonl',
    '--limit',
    '1',
    '--renderer',
    'role_colon',
    '--train-on-what',
    'all_tokens',
  );
  expect(stdout).toMatchInlineSnapshot(`
    "
    rows.jsonl:1  56 tokens, 55 trained
    U│⟦s│er│:│ │hello│?│⏎⟧
    │⟦⏎⟧
    │⟦A│s│s│i│s│t│a│n│t│:│ world│ │◌│é│⏎⟧
    │⟦⏎⟧
    │⟦U│s│er│:│ │or│⏎⟧
    │⟦⏎⟧
    │⟦A│s│s│i│s│t│a│n│t│:│ │hello│ world│⏎⟧
    │⟦w│or│ld│⏎⟧
    │⟦⏎⟧
    │⟦U│s│er│:⟧
    "
  `);
});

describe('with --json', () => {
  test('prints one object a row: what the dataset trains on', async () => {
    const { code, stdout } = await render('rows.jsonl', '--json');
    expect(code).toBe(0);
    const [first, second, ...more] = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(more).toEqual([]);
    expect(Object.keys(first)).toEqual(['tokens', 'weights', 'text']);
    expect(first.text.join('')).toBe(
      '<|im_start|>user\nhello?<|im_end|>\n<|im_start|>assistant\nworld é<|im_end|>\n<|im_start|>user\nor<|im_end|>\n<|im_start|>assistant\nhello world\nworld<|im_end|>\n',
    );
    expect(second.weights.every((weight: number) => weight === 0)).toBe(true);

    const tokenizer = await loadTokenizer(join(directory, 'model'));
    const { train } = await conversationFileDatasets(
      {
        file_path: join(directory, 'rows.jsonl'),
        format: 'auto',
        columns: null,
        batch_size: 1,
        max_length: null,
        train_on_what: 'all_assistant_messages',
        test_size: 0,
        test_file_path: null,
        shuffle_seed: null,
        reduction: 'none',
        on_bad_row: 'error',
      },
      {
        tokenizer,
        renderer: chatTemplateRenderer(tokenizer, { currentDate: null }),
        maxContextLength: 1000,
        seed: 0,
        warn: () => undefined,
      },
    );
    const [datum] = await train.getBatch(0);
    const { target_tokens, weights } = datum?.loss_fn_inputs ?? {};
    expect(first.tokens).toEqual([
      ...tokensOf(datum?.model_input ?? { chunks: [] }).slice(0, 1),
      ...(target_tokens?.data ?? []),
    ]);
    expect(first.weights).toEqual([0, ...(weights?.data ?? [])]);
  });

  test('prints the error of a row in its place, and of a file as the only line', async () => {
    await writeFile(
      join(directory, 'bad.jsonl'),
      `${ROWS[0]}\n{"messages": [{"role": "user", "content": "\\ud83d"}]}\n7\n`,
    );
    const { code, stdout, stderr } = await render('bad.jsonl', '--json');
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.slice(1)).toMatchInlineSnapshot(`
      [
        {
          "error": {
            "code": "DATA_VALIDATION",
            "hint": "A text was cut in the middle of a surrogate pair: write the row again from its source.",
            "message": "bad.jsonl:2: messages[0]: holds \\ud83d, which is half of a character",
          },
        },
        {
          "error": {
            "code": "DATA_FORMAT",
            "message": "bad.jsonl:3: each line must hold a JSON object",
          },
        },
      ]
    `);
    const absent = await render('absent.jsonl', '--json');
    expect([absent.code, JSON.parse(absent.stdout)]).toEqual([
      2,
      { error: { code: 'CONFIGURATION', message: 'absent.jsonl: no such file' } },
    ]);
  });
});

test('a row that cannot be rendered is told, the others are shown, and the exit code is 1', async () => {
  await writeFile(
    join(directory, 'bad.jsonl'),
    `${ROWS[1]}\n{"conversations": [{"from": "gpt", "value": "hello"}]}\n7\n`,
  );
  const { code, stdout, stderr } = await render('bad.jsonl');
  expect(code).toBe(1);
  expect(stdout).toContain('bad.jsonl:1');
  expect(stderr).toMatchInlineSnapshot(`
    "⟦ ⟧ trained, │ between tokens, ⏎ line break, ◌ part of a character to come
    bad.jsonl:2: the row is of the format sharegpt, and those from line 1 on are of messages
    Give each format a file of its own, or set --format messages.
    bad.jsonl:3: each line must hold a JSON object
    3 rows, 6 tokens, 0 trained; 2 of them could not be rendered
    "
  `);
});

test('ends when nobody reads on', async () => {
  await writeFile(join(directory, 'endless.jsonl'), `${ROWS[0]}\n`.repeat(200_000));
  const run = `"${process.execPath}" "${join(REPOSITORY, 'bin/run.js')}" render endless.jsonl --model model --json | head -n 1`;
  const { stdout } = await promisify(exec)(run, { cwd: directory });
  expect(JSON.parse(stdout)).toHaveProperty('tokens');
});

test('names the flags for columns that nobody can guess', async () => {
  await writeFile(join(directory, 'own.jsonl'), '{"n": 3, "what was said": "hello", "and then": "world"}\n');
  expect((await render('own.jsonl')).stderr).toContain(
    "If one is asked and the other answers: --columns 'prompt=what was said' --columns 'completion=and then'.",
  );
});

test('takes a renderer of a plugin', async () => {
  await writeFile(join(directory, 'bracketed.ts'), fenced('docs/renderers.md', 'ts')[0] ?? '');
  const { code, stdout } = await render('rows.jsonl', '--renderer', 'bracketed', '--plugin', 'bracketed.ts');
  expect({ code, rows: stdout.match(/^rows\.jsonl:\d+/gm) }).toEqual({
    code: 0,
    rows: ['rows.jsonl:1', 'rows.jsonl:2'],
  });
  const gone = await render('rows.jsonl', '--renderer', 'bracketed', '--plugin', 'nowhere.ts');
  expect([gone.code, gone.stderr.replaceAll(directory, 'DIR')]).toMatchInlineSnapshot(`
    [
      2,
      "command line: plugins/0: nowhere.ts: there is no such file: DIR/nowhere.ts
    ",
    ]
  `);
});

test('columns and formats are those of the dataset', async () => {
  await writeFile(join(directory, 'qa.jsonl'), '{"question": "hello", "answer": "world"}\n');
  const guess = await render('qa.jsonl');
  expect([guess.code, guess.stderr]).toMatchInlineSnapshot(`
    [
      1,
      "qa.jsonl:1: the row is of no format that is known here: it has "question", "answer"
    Set --columns prompt=question --columns completion=answer if these are question and answer.
    1 row, 0 tokens, 0 trained; 1 of them could not be rendered
    ",
    ]
  `);
  const named = await render('qa.jsonl', '--columns', 'prompt=question', '--columns', 'completion=answer');
  expect([named.code, named.stdout]).toMatchInlineSnapshot(`
    [
      0,
      "
    qa.jsonl:1  22 tokens, 4 trained
    <|im_start|>│user│⏎
    │hello│<|im_end|>│⏎
    │<|im_start|>│a│s│s│i│s│t│a│n│t│⏎
    │⟦w│or│ld│<|im_end|>⟧│⏎
    ",
    ]
  `);
});

test.each([
  [['--renderer', 'role_colom']],
  [['--renderer', '{builder: chat_template, current_date: tomorrow}']],
  [['--columns', 'promt=question']],
])('%j is told', async (argv) => {
  const { code, stdout, stderr } = await render('rows.jsonl', ...argv);
  expect({ code, stdout, stderr }).toMatchSnapshot();
});
