// Files of another kind than the dataset is for: what `cookbook validate` says to do with each.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { builtinRegistry } from '../../../src/builtin.ts';
import { formatDiagnostic } from '../../../src/util/errors.ts';
import { validateCommand } from '../../../src/validate/command.ts';
import { workspace } from '../../spec/workspace.ts';
import { writeChatModel } from '../../support/chat_model.ts';

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

/** All that validate says of these rows. */
async function said(rows: string | readonly unknown[], ...overrides: string[]): Promise<string> {
  const text = typeof rows === 'string' ? rows : rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  await writeFile(join(directory, 'rows.jsonl'), text);
  const { diagnostics } = await validateCommand(['spec.yaml', ...overrides], builtinRegistry, {
    cwd: directory,
    env: {},
  });
  return diagnostics.map((diagnostic) => formatDiagnostic(diagnostic).replaceAll(`${directory}/`, '')).join('\n');
}

const [question, chosen, rejected] = ['Hi', 'Hello.', 'Go away.'];
const helpsteer = { context: question, response1: chosen, response2: rejected };
const unpaired = 'dataset.builder=unpaired_file';
const rated = 'dataset.builder=rated_file';

it.each<[what: string, rows: string | readonly unknown[], overrides: string[], sentence: string]>([
  [
    'a misspelt column beside one of another name',
    [{ question, choosen: chosen, rejected }],
    [],
    'Did you mean "chosen" by "choosen"?',
  ],
  ['a misspelt column', [{ prompt: question, chosen, rejcted: rejected }], [], 'Did you mean "rejected" by "rejcted"?'],
  [
    'a column that columns misspells',
    [{ question, chosen, rejected }],
    ['dataset.columns={prompt: questoin}'],
    'the row has no "questoin"; it has "question", "chosen", "rejected". Did you mean "question"?',
  ],
  [
    'a preference beyond the scale of HelpSteer3',
    [
      { ...helpsteer, overall_preference: 1 },
      { ...helpsteer, overall_preference: 7 },
    ],
    [],
    'rows.jsonl:2: overall_preference: must be from -3 to 3, not 7',
  ],
  [
    'rows that were judged one by one',
    [{ prompt: question, completion: chosen, label: true }],
    [],
    'Set dataset.builder=unpaired_file and loss_fn=kto.',
  ],
  [
    'rows that were judged one by one by numbers',
    [{ prompt: question, completion: chosen, label: 1 }],
    [],
    'Set dataset.builder=unpaired_file and loss_fn=kto.',
  ],
  [
    'a label that is neither true nor false',
    [{ prompt: question, completion: chosen, label: 'good' }],
    [unpaired, 'loss_fn=kto'],
    'label: must be true or false, not "good". true (or 1) is a completion that is wanted, false (or 0) one that is not.',
  ],
  [
    'comparisons for a dataset of single completions',
    [{ prompt: question, chosen, rejected }],
    [unpaired, 'loss_fn=kto'],
    'Such rows are comparisons: set dataset.builder=comparison_file.',
  ],
  [
    'comparisons for rated responses',
    [{ prompt: question, chosen, rejected }],
    [rated],
    'dataset.builder=comparison_file',
  ],
  [
    'ratings of another name',
    [{ prompt: question, response: chosen, rating: 3 }],
    [rated],
    'Set columns: {helpfulness: rating}.',
  ],
  [
    'ratings and responses of other names',
    [{ question, answer: chosen, score: 3 }],
    [rated],
    'Set columns: {prompt: question, response: answer, helpfulness: score}.',
  ],
  [
    'CSV',
    'prompt,chosen,rejected\nHi,Hello.,Go away.\nHi,Hello.,"Go, away."\n',
    [],
    'rows.jsonl:1: not valid JSON: this looks like CSV. Rows have to be JSON objects, one a line. (2 more of the first 3 rows have the same fault)',
  ],
  ['plain text', 'Once upon a time\nthere was a file.\n', [], 'not valid JSON: this looks like plain text'],
  [
    'a transcript without empty lines',
    [{ chosen: 'Human: Hi\nAssistant: Hello.', rejected: 'Human: Hi\nAssistant: Go away.' }],
    [],
    'It looks like a transcript: an empty line has to stand before each speaker, as in "\\n\\nHuman: …\\n\\nAssistant: …".',
  ],
  [
    'the same fault in several rows',
    [{ answer: 'a' }, { answer: 'b' }],
    [],
    '(1 more of the first 2 rows has the same fault)',
  ],
])('%s', async (_, rows, overrides, sentence) => {
  expect(await said(rows, ...overrides)).toContain(sentence);
});

it('takes labels as true and false, 1 and 0, and as texts', async () => {
  const rows = [true, false, 1, 0, 'true', 'False'].map((label) => ({ prompt: question, completion: chosen, label }));
  expect(await said(rows, unpaired, 'loss_fn=kto')).toBe('');
});

it('reads the rows of UltraFeedback as they were published', async () => {
  const completions = [
    { response: 'Go away.', overall_score: 2 },
    { response: 'Hello.', overall_score: 9 },
    { response: 'What?', overall_score: 5 },
  ];
  expect(await said([{ source: 'flan', instruction: question, models: [], completions }])).toBe('');
  expect(await said([{ instruction: question, completions: completions.slice(1, 2) }])).toContain(
    'completions: must be at least two, to compare the best with the worst; there is 1',
  );
});

it('refuses labels that are all the same for kto, and takes them for sft where all are wanted', async () => {
  const rows = ['Hello.', 'Hi.', 'Hey.'].map((completion) => ({ prompt: question, completion, label: true }));
  expect(await said(rows, unpaired, 'loss_fn=kto')).toContain(
    'rows.jsonl: every label is true, and kto learns from completions of both: there is none with the label false',
  );
  expect(await said(rows, unpaired, 'loss_fn=sft')).toBe('');
  expect(await said([...rows, { prompt: question, completion: 'No.', label: 0 }], unpaired, 'loss_fn=kto')).toBe('');
});

/** Prompts whose replies are judged: what a run hears of their file, with what validate says of it. */
async function promptsSaid(rows: readonly unknown[], ...overrides: string[]) {
  const file = join(directory, 'prompts.jsonl');
  await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const { readPrompts } = await import('../../../src/preference/data/prompts.ts');
  const notices: string[] = [];
  const listener = {
    warn: () => undefined,
    notify: (text: string) => notices.push(text.replaceAll(`${directory}/`, '')),
  };
  const prompts = await readPrompts({ file_path: file, format: 'auto', on_bad_row: 'error', test_size: 0 }, listener);
  const argv = ['rl.yaml', ...overrides];
  await writeFile(join(directory, 'rl.yaml'), RL);
  const { diagnostics } = await validateCommand(argv, builtinRegistry, { cwd: directory, env: {} });
  const problems = diagnostics.map((diagnostic) => formatDiagnostic(diagnostic).replaceAll(`${directory}/`, ''));
  return { texts: prompts.train.map((prompt) => prompt.map(({ content }) => content).join(' | ')), notices, problems };
}

const RL = `
trainer: rl
log_path: run
model_name: ./model
max_tokens: 8
dataset: {builder: pairwise_preference, file_path: prompts.jsonl, preference_model: shorter}
`;

const transcript = (reply: string) => `\n\nHuman: Hi\n\nAssistant: ${reply}`;

it.each<[what: string, row: Record<string, unknown>, readAs: string]>([
  ['transcripts', { chosen: transcript(chosen), rejected: transcript(rejected) }, 'comparisons (transcripts)'],
  ['a question with two answers', { question, chosen, rejected }, 'comparisons (chosen_rejected)'],
  ['a row of HelpSteer3', { ...helpsteer, overall_preference: 1 }, 'comparisons (helpsteer3)'],
  ['a prompt with two answers', { prompt: question, chosen, rejected }, 'preference'],
  ['a question', { question }, 'rows with a "question"'],
])('prompts are found in %s without being told the format, which a notice says', async (_, row, readAs) => {
  expect(await promptsSaid([row])).toEqual({
    texts: [question],
    notices: [`prompts.jsonl: read as ${readAs}, of which the prompts are asked`],
    problems: [],
  });
});

it('prompts that would all be held out are told before a run', async () => {
  const { problems } = await promptsSaid([{ question: 'a' }, { question: 'b' }], 'dataset.test_size=2');
  expect(problems).toEqual([
    expect.stringContaining('dataset/test_size: prompts.jsonl: test_size 2 leaves none of its 2 prompts to train on'),
  ]);
});
