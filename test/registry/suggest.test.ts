// "Did you mean": what is near enough to be suggested, and what is not.

import { expect, test } from 'vitest';
import { closestNames } from '../../src/registry/suggest.ts';

const FIELDS = [
  'learning_rate',
  'lora_rank',
  'batch_size',
  'dataset',
  'evaluators',
  'seed',
  'max_steps',
  'max_length',
  'nll',
];

test.each([
  ['learningrate', ['learning_rate']],
  ['Batch-Size', ['batch_size']],
  ['sede', ['seed']],
  ['rank', ['lora_rank']],
  ['max', ['max_length', 'max_steps']],
  ['lr', ['learning_rate', 'lora_rank']],
  ['dataset_builder', ['dataset']],
  ['evaluator_builders', ['evaluators']],
  ['nil', ['nll']],
  ['dpo', []],
  ['x', []],
  ['favourite_colour', []],
])('%s suggests %j', (name, near) => {
  expect(closestNames(name, FIELDS)).toEqual(near);
});

test('no more than asked for are suggested', () => {
  expect(closestNames('max', FIELDS, 1)).toEqual(['max_length']);
});
