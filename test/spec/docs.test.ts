// The examples of docs/specs.md, read from it: what a user copies works.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { type Given, resolved as resolvedBy, workspace } from './workspace.ts';

const resolved = (directory: string, given: Given = {}) =>
  resolvedBy(directory, { ...given, registry: builtinRegistry() });

const PAGE = await readFile(join(import.meta.dirname, '../../docs/specs.md'), 'utf8');

function examples(language: string): string[] {
  return [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, text = '']) => text);
}

const [FIRST = '', EXTENDING = '', REFERRING = '', , PLUGGED = ''] = examples('yaml');
const [PLUGIN = ''] = examples('ts');

const FILES = {
  'example_data/models/tiny/config.json': '{}',
  'example_data/conversations.jsonl': '',
  'configs/sl_basic.yaml': FIRST,
  'configs/rows.tsv': '',
  'configs/my_data.ts': PLUGIN,
};

test('the first spec of the page', async () => {
  const directory = await workspace({ ...FILES, 'run.yaml': 'extends: configs/sl_basic.yaml\n' });
  expect(await resolved(directory)).toMatchObject({
    model_name: join(directory, 'example_data/models/tiny'),
    dataset: { builder: 'conversation_file', batch_size: 16 },
  });
  expect(FIRST).toBe(await readFile(join(import.meta.dirname, '../../configs/sl_basic.yaml'), 'utf8'));
});

test('a spec that starts from it', async () => {
  const directory = await workspace({
    ...FILES,
    'configs/large.yaml': EXTENDING,
    'run.yaml': 'extends: configs/large.yaml\n',
  });
  expect(await resolved(directory)).toMatchObject({
    log_path: join(directory, 'runs/sl_large_batch'),
    dataset: { builder: 'conversation_file', batch_size: 64 },
    learning_rate: 1e-2,
    evaluators: [],
  });
});

test('references', async () => {
  const directory = await workspace({
    ...FILES,
    'configs/refers.yaml': `extends: sl_basic.yaml\n${REFERRING}`,
    'run.yaml': 'extends: configs/refers.yaml\n',
  });
  const run = await resolved(directory, { env: { BASE_MODEL: 'a-hub/model' } });
  expect(run).toMatchObject({
    model_name: 'a-hub/model',
    save_every: 20,
    log_path: join(directory, 'runs/batches_of_16'),
  });
});

test('a plugin and a spec that uses it', async () => {
  const directory = await workspace({
    ...FILES,
    'configs/mine.yaml': `${PLUGGED}log_path: runs/mine\nmodel_name: a-hub/model\n`,
    'run.yaml': 'extends: configs/mine.yaml\n',
  });
  expect((await resolved(directory)).dataset).toEqual({
    builder: 'my_data',
    path: join(directory, 'configs/rows.tsv'),
    batch_size: 8,
  });
});
