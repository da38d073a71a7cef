// The catalogue of builders, as data and as text.

import { expect, test } from 'vitest';
import { catalog, formatCatalog, formatEntry } from '../../src/builders/catalog.ts';
import { builtinRegistry } from '../../src/builtin.ts';
import { toyRegistry } from '../spec/toys.ts';

test('the list has one line a builder under its slot', () => {
  expect(formatCatalog(catalog(toyRegistry()))).toMatchInlineSnapshot(`
    "dataset
      conversation_file  Conversations, one a line.
      text_file          Plain text.

    evaluator
      nll                Loss on held-out data.
      sample             Shows what the model says.

    service
      local              This machine.
      tinker             The hosted service.

    trainer
      dpo                Trains on preferences.
      supervised         Trains on conversations."
  `);
});

test('a builder shows what each of its parameters takes', () => {
  expect(
    catalog(toyRegistry(), { name: 'conversation_file' })
      .map((entry) => formatEntry(entry))
      .join(''),
  ).toMatchInlineSnapshot(`
    "conversation_file  dataset, version 1
    Conversations, one a line.

      file_path  a text
          JSONL. Required. (by contents)
      batch_size  a whole number of at least 1
          Conversations a step. Required.
      max_length  a whole number of at least 1, or null
          In tokens. Default: null."
  `);
});

test('a trainer shows the fields that every run has too', () => {
  const [entry] = catalog(toyRegistry(), { slot: 'trainer', name: 'dpo' });
  expect(entry?.params.map(({ name }) => name)).toEqual([
    'trainer',
    'log_path',
    'seed',
    'service',
    'if_exists',
    'loggers',
    'plugins',
    'beta',
  ]);
});

test('data says what is required and what is not', () => {
  expect(catalog(toyRegistry(), { slot: 'dataset', name: 'text_file' })).toEqual([
    {
      slot: 'dataset',
      name: 'text_file',
      version: 1,
      doc: 'Plain text.',
      params: [{ name: 'file_path', type: 'a text', kind: 'contents', required: true, description: 'UTF-8.' }],
    },
  ]);
});

test('a slot may stand for the name, where no builder has it', () => {
  const named = (name: string) => catalog(toyRegistry(), { name }).map((entry) => entry.name);
  expect(named('dataset')).toEqual(['conversation_file', 'text_file']);
  expect(named('supervised')).toEqual(['supervised']);
});

test('the fields of a mapping follow it, and a default breaks at the end of a line', () => {
  const [entry] = catalog(builtinRegistry(), { name: 'rl' });
  if (entry === undefined) throw new Error('rl is gone');
  const lines = formatEntry(entry, 80).split('\n');
  expect(lines.filter((line) => line.startsWith('  async_config'))).toEqual([
    '  async_config  a mapping, or null',
    '  async_config.max_steps_off_policy  a whole number of at least 0',
    '  async_config.groups_per_batch  a whole number of at least 1',
  ]);
  expect(lines).toContain('  dataset  an rl_dataset builder: its name, or a mapping with "builder"');
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});

test('a name or a slot that is not there is told, with the nearest', () => {
  expect(() => catalog(toyRegistry(), { name: 'supervise' })).toThrow(
    'unknown builder "supervise"; did you mean "supervised"?',
  );
  expect(() => catalog(toyRegistry(), { slot: 'datasets' })).toThrow(
    'unknown slot "datasets"; did you mean "dataset"?',
  );
});
