// The schema for editors: valid itself, content with valid specs, and critical of others.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references in specs look like this

import { Type } from '@sinclair/typebox';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { builderOf, runtime } from '../../src/registry/fields.ts';
import { Registry } from '../../src/registry/registry.ts';
import { documentSchema, runSchema } from '../../src/spec/schema.ts';
import { serviceSlot } from '../../src/tinker/service.ts';
import type { JsonObject } from '../../src/util/json.ts';
import { toyRegistry } from './toys.ts';

const schema = runSchema(toyRegistry());
const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);

const RUN: JsonObject = {
  trainer: 'supervised',
  log_path: 'runs/one',
  model_name: 'tiny',
  dataset: { builder: 'conversation_file', file_path: 'a.jsonl', batch_size: 2 },
};

test('it is a JSON Schema of draft 7', () => {
  const ajv = new Ajv({ strict: false });
  expect(ajv.validateSchema(schema), ajv.errorsText()).toBe(true);
  expect(ajv.validateSchema(runSchema(new Registry()))).toBe(true);
});

test.each<[string, JsonObject]>([
  ['the smallest spec', RUN],
  ['a base of sweeps, without log_path', { ...RUN, log_path: '${env:RUNS}' }],
  [
    'references instead of numbers, builders and lists',
    { ...RUN, lora_rank: '${env:R}', service: '${s}', stop: '${t}' },
  ],
  ['a builder by its bare name', { ...RUN, service: 'tinker', evaluators: ['nll', { builder: 'sample' }] }],
  ['fields of a default builder', { ...RUN, service: { threads: 2 } }],
  ['a file over another one', { extends: 'base.yaml', dataset: { batch_size: 4 } }],
  [
    'a file over another one that names the trainer',
    { extends: ['a.yaml', 'b.yaml'], trainer: 'supervised', lora_rank: 3 },
  ],
  ['several stages', { log_path: 'x', seed: 3, stages: { a: RUN, b: { ...RUN, seed: 4 } } }],
  ['null where it fits, and a partial nested mapping', { ...RUN, max_steps: null, adam: { beta1: 0.5 } }],
])('it takes %s', (_, value) => {
  expect(validate(value), JSON.stringify(validate.errors)).toBe(true);
});

test.each<[string, JsonObject]>([
  ['an unknown field', { ...RUN, lr: 1 }],
  ['stages of which one has an unknown field', { stages: { a: { ...RUN, lr: 1 } } }],
  ['fields of a run beside stages', { lora_rank: 3, stages: { a: RUN } }],
  ['an unknown trainer', { ...RUN, trainer: 'supervized' }],
  ['a field of another trainer', { ...RUN, beta: 0.1 }],
  ['a missing field', { trainer: 'supervised', model_name: 'tiny' }],
  ['a wrong type', { ...RUN, lora_rank: 'big' }],
  ['a value out of range', { ...RUN, lora_rank: 0 }],
  ['an unknown builder', { ...RUN, service: { builder: 'tinkr' } }],
  ['an unknown builder by its bare name', { ...RUN, service: 'tinkr' }],
  ['an unknown parameter of a builder', { ...RUN, service: { builder: 'local', thread: 3 } }],
  ['a missing parameter of a builder', { ...RUN, dataset: { builder: 'conversation_file', batch_size: 1 } }],
  ['an unknown field of a nested mapping', { ...RUN, adam: { beta: 1 } }],
])('it refuses %s', (_, value) => {
  expect(validate(value)).toBe(false);
});

describe('for a person', () => {
  test('a field carries its description, its default and its choices', () => {
    const text = JSON.stringify(schema, null, 2);
    expect(text).toContain('"description": "Rank of the adapter."');
    expect(schema).toMatchObject({
      oneOf: [
        { $ref: '#/definitions/trainer.dpo' },
        { $ref: '#/definitions/trainer.supervised' },
        { title: 'several stages' },
        { title: 'extends another spec' },
      ],
      definitions: {
        'dataset.conversation_file': { title: 'conversation_file', description: 'Conversations, one a line.' },
        'trainer.dpo': { title: 'trainer: dpo', description: 'Trains on preferences.' },
        'trainer.supervised': {
          title: 'trainer: supervised',
          properties: {
            lr_schedule: {
              description: 'Its course.',
              default: 'linear',
              anyOf: [{ type: 'string', enum: ['linear', 'cosine', 'constant'] }, { $ref: '#/definitions/reference' }],
            },
            dataset: { anyOf: [{ $ref: '#/definitions/dataset' }, { $ref: '#/definitions/reference' }] },
          },
        },
      },
    });
  });

  test('no mark of ours is left in it', () => {
    expect(JSON.stringify(schema)).not.toMatch(/x-cookbook|"format"/);
  });
});

test('another kind of document has a schema of the same make', () => {
  const params = Type.Object({
    count: runtime(Type.Integer({ description: '' })),
    where: runtime(builderOf(serviceSlot)),
  });
  const check = new Ajv({ strict: false }).compile(documentSchema('A sweep', params, toyRegistry()));
  expect(check({ count: 1, where: 'local' })).toBe(true);
  expect(check({ count: 'x', where: 'local' })).toBe(false);
  expect(check({ count: 1, where: 'elsewhere' })).toBe(false);
});
