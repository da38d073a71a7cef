// What would fail a run at once is told by `cookbook validate` already, with what to do.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { formatDiagnostic } from '../../src/util/errors.ts';
import type { JsonObject } from '../../src/util/json.ts';
import { validateCommand } from '../../src/validate/command.ts';
import { writeRun } from '../report/run_directories.ts';
import { workspace } from '../spec/workspace.ts';
import { writeChatModel } from '../support/chat_model.ts';

let directory: string;

const lines = (...rows: JsonObject[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const PAIR = { prompt: 'Hi', chosen: 'Hello.', rejected: 'Go away.' };
const spec = (trainer: string, ...fields: string[]) =>
  [`trainer: ${trainer}`, 'log_path: run', 'model_name: ./model', ...fields, ''].join('\n');

beforeAll(async () => {
  directory = await workspace({
    'pairs.jsonl': lines(PAIR, { ...PAIR, prompt: 'Hey' }, { ...PAIR, prompt: 'Good day' }),
    'demonstrations.jsonl': lines({ prompt: 'Hi', completion: 'Hello.' }),
    'misspelt.jsonl': lines({ question: 'Hi', choosen: 'Hello.', rejected: 'Go away.' }),
    'dpo.yaml': spec('dpo', 'dataset: {builder: comparison_file, file_path: pairs.jsonl, batch_size: 2}'),
    'sdft.yaml': spec('sdft', 'dataset: {builder: demonstration_file, file_path: demonstrations.jsonl, batch_size: 2}'),
    'create.yaml': spec('create_data', 'file_path: demonstrations.jsonl'),
    'rl.yaml': spec(
      'rl',
      'max_tokens: 8',
      'dataset: {builder: pairwise_preference, file_path: pairs.jsonl, preference_model: {builder: trained, weights: {run: judge}}}',
    ),
  });
  await writeChatModel(join(directory, 'model'));
});

/** All that validate says, without the directory. */
async function said(file: string, ...overrides: string[]): Promise<string> {
  const { diagnostics } = await validateCommand([file, ...overrides], builtinRegistry, { cwd: directory, env: {} });
  return diagnostics.map((diagnostic) => formatDiagnostic(diagnostic).replaceAll(`${directory}/`, '')).join('\n');
}

describe('values', () => {
  it.each<[what: string, file: string, override: string, sentence: string]>([
    [
      'an empty mixture',
      'dpo.yaml',
      'loss_weights={}',
      'expected a mapping with at least one field, or null; got an empty mapping',
    ],
    ['letters that changed places', 'dpo.yaml', 'loss_fn=dop', 'did you mean "dpo"?'],
    [
      'integers on a GPU',
      'dpo.yaml',
      'service={builder: local, precision: int8, device: webgpu}',
      'service/precision: "int8" is computed on the CPU alone, and device is webgpu',
    ],
    ['a pattern of ranks', 'dpo.yaml', 'service={builder: local, rank_pattern: {"(": 4}}', 'service/rank_pattern'],
    ['a field of the dataset', 'dpo.yaml', 'test_size=4', 'unknown field; did you mean "dataset.test_size"?'],
    ['the name of a data set', 'dpo.yaml', 'dataset.format=hh-rlhf', 'did you mean "transcripts"?'],
    ['a mapping without a space', 'dpo.yaml', 'loss_weights={dpo:1}', 'a space is missing after "dpo:"'],
    [
      'a text with a colon',
      'create.yaml',
      'answer_pattern=Final Answer: (\\w+)',
      `got a mapping; a text with ": " in it needs quotes of its own: "answer_pattern='Final Answer: (\\w+)'"`,
    ],
    [
      'a misspelt place in a template',
      'sdft.yaml',
      'teacher_template="{question} {demonstraton}"',
      'did you mean {demonstration}?',
    ],
    [
      'a misspelt place beside the right one',
      'sdft.yaml',
      'teacher_template="{question} {demonstration} {demonstraton}"',
      'the template has {demonstraton}, which nothing is put in place of; did you mean {demonstration}?',
    ],
    ['rows of another kind', 'sdft.yaml', 'dataset.file_path=misspelt.jsonl', 'Did you mean "chosen" by "choosen"?'],
    [
      'a model that is nowhere',
      'dpo.yaml',
      'model_name=models/of/nobody',
      'model_name: there is no such model directory or file',
    ],
    [
      'a model that is nowhere, by one word',
      'dpo.yaml',
      'model_name=nobody',
      'model_name: there is no such model directory or file',
    ],
  ])('%s', async (_, file, override, sentence) => {
    expect(await said(file, override)).toContain(sentence);
  });

  it('a length that leaves no row of a short file', async () => {
    const all = 'all of its 3 rows that can be read are longer than the spec allows';
    expect(await said('dpo.yaml', 'dataset.max_length=2')).toContain(`dataset/file_path: pairs.jsonl: ${all}`);
    expect(await said('dpo.yaml', 'dataset.max_length=1000')).toBe('');
    const dataset = 'dataset={builder: conversation_file, file_path: pairs.jsonl, batch_size: 1, max_length: 2}';
    expect(await said('dpo.yaml', 'trainer=supervised', dataset)).toContain(all);
    const prompts = 'dataset={builder: prompts, file_path: pairs.jsonl, max_prompt_tokens: 1}';
    expect(await said('rl.yaml', prompts)).toContain(all);
  });

  it('a model of a hub is not looked for', async () => {
    expect(await said('dpo.yaml', 'model_name=somebody/something')).toBe('');
  });
});

describe('early stopping', () => {
  const stop = (metric: string) => `early_stopping={metric: ${metric}}`;
  const heldOut = 'dataset.test_size=1';

  it('needs something that is evaluated', async () => {
    expect(await said('dpo.yaml', stop('test/accuracy'), heldOut)).toBe('');
    expect(await said('dpo.yaml', stop('test/accuracy'))).toContain(
      'early_stopping: this run evaluates nothing to go by: no data is held out and no evaluator listed. Set dataset.test_size or dataset.test_file_path, or evaluators',
    );
    expect(await said('dpo.yaml', stop('test/accuracy'), heldOut, 'eval_every=0')).toContain(
      'early_stopping: this run evaluates nothing to go by: eval_every is 0',
    );
  });

  it('needs a metric that is reported', async () => {
    expect(await said('dpo.yaml', stop('test/acuracy'), heldOut)).toContain(
      'early_stopping/metric: no evaluation of this run is known to report "test/acuracy"; did you mean "test/accuracy"?',
    );
    expect(await said('dpo.yaml', stop('win_rate'), heldOut)).toContain('known are test/accuracy, test/margin');
    expect(await said('dpo.yaml', 'early_stopping={metric: win_rate, goal: maximize}', heldOut)).toBe('');
  });
});

describe('a reward model', () => {
  const judge = (trainer: string, dataset: JsonObject) =>
    writeRun(join(directory, 'judge'), { spec: { trainer, dataset, model_name: 'model' } });

  it('is a run on labels of comparisons', async () => {
    for (const kind of ['weights', 'sampler_weights'])
      await mkdir(join(directory, 'judge/checkpoints', kind, 'final'), { recursive: true });
    judge('dpo', { builder: 'comparison_file' });
    expect(await said('rl.yaml')).toContain(
      'dataset/preference_model/weights: judge was trained by dpo on comparison_file, and a reward model is a run of supervised on comparison_labels: name such a run',
    );
    judge('supervised', { builder: 'comparison_labels' });
    expect(await said('rl.yaml')).not.toContain('a reward model is a run');
  });
});
