// cookbook validate, as its users meet it: built, in a process of its own, with a plugin that defines what it trains.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MALFORMED } from '../spec/malformed.ts';
import { type Files, workspace } from '../spec/workspace.ts';
import { cookbook, REPOSITORY } from './command_line.ts';

const PLUGIN = `
import { builderOf, contents, datasetSlot, defineBuilder, semantic, serviceSlot, trainerSlot, Type } from 'tinker-cookbook';

const unbuilt = () => Promise.reject(new Error('validate builds nothing'));

export const trainer = defineBuilder({
  slot: trainerSlot,
  name: 'toy_trainer',
  version: 1,
  doc: 'Trains nothing.',
  params: Type.Object({
    dataset: semantic(builderOf(datasetSlot, { description: 'What it does not train on.' })),
    learning_rate: semantic(Type.Number({ exclusiveMinimum: 0, default: 0.1, description: 'How fast it does not.' })),
  }),
  build: unbuilt,
});

export const dataset = defineBuilder({
  slot: datasetSlot,
  name: 'toy_lines',
  version: 1,
  doc: 'Lines.',
  params: Type.Object({
    file_path: contents(Type.String({ format: 'path', description: 'A text file.' })),
    batch_size: semantic(Type.Integer({ minimum: 1, default: 8, description: 'Lines a step.' })),
  }),
  build: unbuilt,
});

export const service = defineBuilder({
  slot: serviceSlot,
  name: 'toy_service',
  version: 1,
  doc: 'Computes nothing.',
  params: Type.Object({}),
  build: unbuilt,
});
`;

const RUN = `trainer: toy_trainer
log_path: runs/one
plugins: [toy.ts]
service: toy_service
dataset: {builder: toy_lines, file_path: lines.txt}
`;

const FILES: Files = { 'toy.ts': PLUGIN, 'lines.txt': 'a\n', 'run.yaml': RUN };

describe('a valid spec', () => {
  test('is said to be one', async () => {
    const directory = await workspace({ ...FILES, 'more/run.yaml': 'extends: ../run.yaml\n' });
    expect(await cookbook(directory, 'validate', 'run.yaml', 'more/run.yaml')).toEqual({
      code: 0,
      stdout: 'run.yaml: a valid run spec\nmore/run.yaml: a valid run spec\n',
      stderr: '',
    });
  });

  test('is data with --json', async () => {
    const { code, stdout, stderr } = await cookbook(await workspace(FILES), 'validate', 'run.yaml', '--json');
    expect({ code, stderr, ...JSON.parse(stdout) }).toEqual({
      code: 0,
      stderr: '',
      files: [{ file: 'run.yaml', kind: 'run' }],
    });
  });
});

describe('an invalid spec', () => {
  const OF_ANY_TRAINER = [
    'no such file',
    'an empty file',
    'a list',
    'bytes that are not UTF-8',
    'two documents',
    'a tab as indentation',
    'a duplicate key',
    'an alias bomb',
    'twenty thousand brackets',
    'a tag',
    'extends in a circle',
    'an override with a broken value',
    'references in a circle',
    'a plugin that is not there',
  ];

  test.each(OF_ANY_TRAINER)('%s: exit 2, one line, no stack, nothing made', async (name) => {
    const { yaml, files = {}, overrides = [], message } = MALFORMED.find((one) => one.name === name) ?? { message: '' };
    const directory = await workspace({ ...(yaml === undefined ? {} : { 'run.yaml': yaml }), ...files });
    const before = await readdir(directory);
    const { code, stdout, stderr } = await cookbook(directory, 'validate', 'run.yaml', ...overrides);
    expect({ code, stdout, stderr: stderr.replaceAll(directory, 'DIR') }).toEqual({
      code: 2,
      stdout: '',
      stderr: `${message}\n`,
    });
    expect(await readdir(directory)).toEqual(before);
  });

  test('with all that is wrong in it, and in the other files, at once', async () => {
    const directory = await workspace({
      ...FILES,
      'bad.yaml': `${RUN}learning_rate: -1\nlr: 3\n`,
      'worse.yaml': RUN.replace('lines.txt}', 'line.txt, batchsize: 3}'),
    });
    const { code, stdout, stderr } = await cookbook(directory, 'validate', 'bad.yaml', 'run.yaml', 'worse.yaml');
    expect({ code, stdout }).toEqual({ code: 2, stdout: 'run.yaml: a valid run spec\n' });
    expect(stderr.replaceAll(directory, 'DIR')).toMatchInlineSnapshot(`
      "bad.yaml:6:16 learning_rate: expected a number above 0; got -1
      bad.yaml:7:1 lr: unknown field; did you mean "learning_rate"?
      worse.yaml:5:42 dataset/file_path: there is no such file or directory: DIR/line.txt; did you mean lines.txt?
      worse.yaml:5:52 dataset/batchsize: unknown field; did you mean "batch_size"?
      "
    `);
    expect(await readdir(directory)).not.toContain('runs');
  });

  test('by an override, which is named', async () => {
    const { code, stderr } = await cookbook(await workspace(FILES), 'validate', 'run.yaml', 'dataset.batch_size=0');
    expect(code).toBe(2);
    expect(stderr).toMatchInlineSnapshot(`
      "command line:1:20 dataset/batch_size: expected a whole number of at least 1; got 0 (in "dataset.batch_size=0")
      "
    `);
  });

  test('is data with --json, and the exit code is the same', async () => {
    const directory = await workspace({ ...FILES, 'run.yaml': `${RUN}lr: 3\n` });
    const { code, stdout, stderr } = await cookbook(directory, 'validate', '--json', 'run.yaml');
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      error: {
        code: 'SPEC',
        message: 'run.yaml:6:1 lr: unknown field; did you mean "learning_rate"?',
        diagnostics: [
          { file: 'run.yaml', line: 6, column: 1, path: 'lr', message: 'unknown field; did you mean "learning_rate"?' },
        ],
      },
    });
  });
});

/** Specs that ship and need data which does not. */
const NEED_DATA = ['configs/smollm2_gsm8k.yaml'];

/** They go on from another run that ships, which is not there yet. */
const NEED_RUNS = [
  'configs/dpo.yaml',
  'configs/prompt_distillation_data.yaml',
  'configs/sdft.yaml',
  'configs/sdft_baseline.yaml',
  'configs/guess_number.yaml',
  'configs/kto.yaml',
  'configs/shorter.yaml',
  'configs/tic_tac_toe.yaml',
  'sweeps/dpo_beta.yaml',
];

/** The same of teachers, and how to name others. */
const NEED_TEACHERS = [
  ['configs/multi_teacher.yaml', [0, 1]],
  ['configs/on_policy_distillation.yaml', [0]],
] as const;
/** Those that learn from a teacher or from data that another run makes. */
const NEED_OTHERS: [file: string, override: string, message: string][] = [
  ['configs/gkd.yaml', 'teacher.load_checkpoint_path=null', 'teacher/load_checkpoint_path/run: there is no such'],
  [
    'configs/off_policy_distillation.yaml',
    'dataset_configs[0].teacher.load_checkpoint_path=null',
    'dataset_configs/0/teacher/load_checkpoint_path/run: there is no such',
  ],
  [
    'configs/prompt_distillation.yaml',
    `dataset.file_path=${join(REPOSITORY, 'example_data/conversations.jsonl')}`,
    'dataset/file_path: there is no such',
  ],
];

test('the specs that ship are valid', async () => {
  const folders = ['configs', 'sweeps'];
  const names = await Promise.all(folders.map((folder) => readdir(join(REPOSITORY, folder))));
  // Programs and modules that specs name lie beside them.
  const specs = (i: number) => names[i]?.filter((name) => name.endsWith('.yaml')) ?? [];
  const files = folders.flatMap((folder, i) => specs(i).map((name) => `${folder}/${name}`));
  const needy = [
    ...NEED_DATA,
    ...NEED_RUNS,
    ...NEED_TEACHERS.map(([file]) => file),
    ...NEED_OTHERS.map(([file]) => file),
  ];
  const whole = files.filter((file) => !needy.includes(file));
  expect(whole.length).toBe(files.length - needy.length);
  expect(await cookbook(REPOSITORY, 'validate', ...whole)).toMatchObject({ code: 0, stderr: '' });
});

test.each(NEED_DATA)('%s says where to get the data that it needs, and is valid with them', async (file) => {
  const directory = await workspace({ 'rows.jsonl': '{"question": "1 + 1?", "answer": "#### 2"}\n' });
  const rows = `dataset.file_path=${join(directory, 'rows.jsonl')}`;
  const heldOut = rows.replace('file_path', 'test_file_path');
  expect(await cookbook(REPOSITORY, 'validate', file, rows, heldOut)).toMatchObject({ code: 0, stderr: '' });
  expect(await readFile(join(REPOSITORY, file), 'utf8')).toContain('https://');
});

test.each(NEED_RUNS)('%s says which run it goes on from, and is valid without it', async (file) => {
  const { code, stderr } = await cookbook(REPOSITORY, 'validate', file);
  expect({ code, stderr }).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('load_checkpoint_path/run: there is no such'),
  });
  expect(await cookbook(REPOSITORY, 'validate', file, 'load_checkpoint_path=null')).toMatchObject({ code: 0 });
});

test.each(NEED_TEACHERS)('%s says which runs teach, and is valid without them', async (file, datasets) => {
  const { code, stderr } = await cookbook(REPOSITORY, 'validate', file);
  const field = 'dataset_configs[0].teacher.load_checkpoint_path';
  expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(`${field}.run=DIR`) });
  const others = datasets.map((i) => `dataset_configs[${i}].teacher.load_checkpoint_path=null`);
  const without = [...others, 'load_checkpoint_path=null'];
  expect(await cookbook(REPOSITORY, 'validate', file, ...without)).toMatchObject({ code: 0 });
});
test.each(NEED_OTHERS)(
  '%s says what it needs of another run, and is valid without it',
  async (file, override, message) => {
    const { code, stderr } = await cookbook(REPOSITORY, 'validate', file);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(message) });
    const without = [override, 'load_checkpoint_path=null'];
    expect(await cookbook(REPOSITORY, 'validate', file, ...without)).toMatchObject({ code: 0 });
  },
);

test('without a file it says what to give', async () => {
  const { code, stderr } = await cookbook(await workspace({}), 'validate', 'seed=3');
  expect({ code, stderr }).toEqual({ code: 2, stderr: 'name at least one file to validate\n' });
});

describe('the first rows of the data', () => {
  const row = (...messages: object[]) => JSON.stringify({ messages });
  const GOOD = row({ role: 'user', content: 'q' }, { role: 'assistant', content: 'a' });
  const SPEC = `trainer: supervised
log_path: runs/one
model_name: ORG/NAME
dataset:
  builder: conversation_file
  file_path: rows.jsonl
  batch_size: 2
`;
  const validated = async (files: Files, ...argv: string[]) => {
    const directory = await workspace({ 'run.yaml': SPEC, ...files });
    const { code, stdout, stderr } = await cookbook(directory, 'validate', ...argv);
    return `${code}\n${stdout}${stderr.replaceAll(directory, 'DIR')}`;
  };

  test('are looked at, without the model', async () => {
    expect(await validated({ 'rows.jsonl': `${`${GOOD}\n`.repeat(20)}7` }, 'run.yaml')).toBe(
      '0\nrun.yaml: a valid run spec\n',
    );
    const bad = [GOOD, row({ role: 'asistant', content: 'a' }), '{"messages": 3}', GOOD, '{"messages": 3}', '[1'];
    expect(await validated({ 'rows.jsonl': bad.join('\n') }, 'run.yaml')).toMatchInlineSnapshot(`
      "2
      run.yaml:6:14 dataset/file_path: rows.jsonl:2: messages[0].role: unknown role "asistant"; did you mean "assistant"?
      run.yaml:6:14 dataset/file_path: rows.jsonl:3: messages: must be a list of at least one message, not the number 3 (1 more of the first 6 rows has the same fault)
      run.yaml:6:14 dataset/file_path: rows.jsonl:6: not valid JSON: Expected ',' or ']' after array element in JSON at position 2
      "
    `);
  });

  test('are told to be all held out, where they are few', async () => {
    const files = { 'rows.jsonl': `${GOOD}\n`.repeat(30) };
    expect(await validated(files, 'run.yaml', 'dataset.test_size=29')).toMatch(/^0/);
    expect(await validated(files, 'run.yaml', 'dataset.test_size=30')).toMatchInlineSnapshot(`
      "2
      command line:1:19 dataset/test_size: rows.jsonl: test_size 30 leaves none of its 30 rows to train on (in "dataset.test_size=30")
      "
    `);
  });

  test('may be bad if they are to be skipped, but not all', async () => {
    const skip = 'dataset.on_bad_row=skip';
    expect(await validated({ 'rows.jsonl': `${GOOD}\n7\n` }, 'run.yaml', skip)).toMatch(/^0/);
    expect(await validated({ 'rows.jsonl': '7\n8\n' }, 'run.yaml', skip)).toMatchInlineSnapshot(`
      "2
      run.yaml:6:14 dataset/file_path: rows.jsonl:1: each line must hold a JSON object (1 more of the first 2 rows has the same fault)
      "
    `);
  });

  test('of a format that is not known say what to write', async () => {
    const rows = '{"question": "q", "answer": "a"}\n';
    expect(await validated({ 'rows.jsonl': rows }, 'run.yaml')).toMatchInlineSnapshot(`
      "2
      run.yaml:6:14 dataset/file_path: rows.jsonl:1: the row is of no format that is known here: it has "question", "answer". Set columns: {prompt: question, completion: answer} if these are question and answer.
      "
    `);
    const columns = 'dataset.columns={prompt: question, completion: answer}';
    expect(await validated({ 'rows.jsonl': rows }, 'run.yaml', columns)).toMatch(/^0/);
    expect(
      await validated({ 'rows.jsonl': rows }, 'run.yaml', 'dataset.columns={promt: question}'),
    ).toMatchInlineSnapshot(`
      "2
      command line:1:18 dataset/columns/promt: unknown field; did you mean "prompt"? (in "dataset.columns={promt: question}")
      "
    `);
  });

  test('of a test file and of a sweep too', async () => {
    const files = {
      'rows.jsonl': GOOD,
      'test.jsonl': '',
      'sweep.yaml':
        'base: run.yaml\nlog_path: runs/all\ngrid:\n  dataset.train_on_what: [all_tokens, all_messages]\n  learning_rate: [1, 2]\n',
    };
    const test_file = 'dataset.test_file_path=test.jsonl';
    expect(await validated(files, 'run.yaml', test_file)).toMatchInlineSnapshot(`
      "2
      command line:1:24 dataset/test_file_path: test.jsonl: the file is empty (in "dataset.test_file_path=test.jsonl")
      "
    `);
    expect(await validated({ ...files, 'rows.jsonl': '7' }, 'sweep.yaml')).toMatchInlineSnapshot(`
      "2
      run.yaml:6:14 dataset/file_path: rows.jsonl:1: each line must hold a JSON object
      "
    `);
  });

  test('are rendered where the model is at hand', async () => {
    const model = join(REPOSITORY, 'example_data/models/tiny');
    const trainable = row({ role: 'user', content: 'q', trainable: true });
    expect(await validated({ 'rows.jsonl': trainable }, 'run.yaml', `model_name=${model}`)).toMatchInlineSnapshot(`
      "2
      run.yaml:6:14 dataset/file_path: rows.jsonl:1: messages[0] has "trainable", which train_on_what: all_assistant_messages does not go by. Set train_on_what: customized, or take "trainable" out of the data.
      "
    `);
    expect(await validated({ 'rows.jsonl': trainable }, 'run.yaml')).toMatch(/^0/);
  });

  test('of plain text and of a loop that names its file itself', async () => {
    const text = SPEC.replace('conversation_file', 'text_file').replace('rows.jsonl', 'text.txt');
    const loop = 'trainer: sl_loop\nlog_path: runs/one\nmodel_name: ORG/NAME\nfile_path: rows.jsonl\n';
    const files = { 'text.yaml': text, 'text.txt': 'a\n', 'loop.yaml': loop, 'rows.jsonl': '{"messages": []}' };
    expect(await validated(files, 'text.yaml')).toMatch(/^0/);
    expect(await validated({ ...files, 'text.txt': '' }, 'text.yaml')).toMatchInlineSnapshot(`
      "2
      text.yaml:6:14 dataset/file_path: text.txt: the file holds no text
      "
    `);
    expect(await validated(files, 'loop.yaml')).toMatchInlineSnapshot(`
      "2
      loop.yaml:4:12 file_path: rows.jsonl:1: messages: must be a list of at least one message, not an empty list
      "
    `);
  });
});
