// Resolving: defaults, bare names, paths, and what does not change when it is done twice.

import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Type } from '@sinclair/typebox';
import { describe, expect, test } from 'vitest';
import { defineBuilder } from '../../src/registry/builder.ts';
import { builderOf, semantic } from '../../src/registry/fields.ts';
import { resolveFields, resolveValue } from '../../src/spec/resolve.ts';
import { serviceSlot } from '../../src/tinker/service.ts';
import { trainerSlot } from '../../src/training/types.ts';
import { toyRegistry } from './toys.ts';
import { DATA, resolved, spec, workspace } from './workspace.ts';

test('a resolved spec has every field, in the order of the schema', async () => {
  const directory = await workspace({
    ...DATA,
    'run.yaml': spec('lora_rank: 8', 'evaluators: [nll, {builder: sample}]'),
  });
  const text = JSON.stringify(await resolved(directory), null, 1).replaceAll(directory, 'DIR');
  expect(text).toMatchInlineSnapshot(`
    "{
     "trainer": "supervised",
     "log_path": "DIR/runs/one",
     "seed": 0,
     "service": {
      "builder": "local",
      "threads": null,
      "precise": false
     },
     "if_exists": "ask",
     "loggers": [],
     "plugins": [],
     "model_name": "a-hub/model",
     "dataset": {
      "builder": "conversation_file",
      "file_path": "DIR/data.jsonl",
      "batch_size": 2,
      "max_length": null
     },
     "evaluators": [
      {
       "builder": "nll"
      },
      {
       "builder": "sample",
       "max_tokens": 64
      }
     ],
     "learning_rate": 0.0001,
     "lr_schedule": "linear",
     "lora_rank": 8,
     "warmup": 0,
     "adam": {
      "beta1": 0.9,
      "eps": 1e-8
     },
     "stop": [],
     "max_steps": null,
     "shuffle": true,
     "save_every": 20,
     "notes": null
    }"
  `);
});

describe('builders', () => {
  test('a bare name stands for the builder with its defaults', async () => {
    const directory = await workspace({ ...DATA, 'run.yaml': spec('service: tinker') });
    expect((await resolved(directory)).service).toEqual({ builder: 'tinker', base_url: null });
  });

  test('fields without a name are those of the builder that is the default', async () => {
    const directory = await workspace({ ...DATA, 'run.yaml': spec('service: {threads: 3}') });
    expect((await resolved(directory)).service).toEqual({ builder: 'local', threads: 3, precise: false });
  });

  test('an override reaches into a builder that is not written down', async () => {
    const directory = await workspace({ ...DATA, 'run.yaml': spec() });
    const { service } = await resolved(directory, { overrides: ['service.threads=2'] });
    expect(service).toEqual({ builder: 'local', threads: 2, precise: false });
  });

  test('the parameters of a builder that is a default may differ from that builder’s own', () => {
    const trainer = defineBuilder({
      slot: trainerSlot,
      name: 'other',
      version: 1,
      doc: '',
      params: Type.Object({
        judge: semantic(builderOf(serviceSlot, { default: { builder: 'local', precise: true }, description: '' })),
      }),
      build: () => {
        throw new Error('never built');
      },
    });
    const registry = toyRegistry();
    registry.add(trainer);
    const at = { cwd: '/', directoryOf: () => '/', exists: () => true };
    const { spec: run } = resolveValue({ trainer: 'other', log_path: 'x' }, registry, at);
    expect(run?.judge).toEqual({ builder: 'local', threads: null, precise: true });
  });
});

describe('paths', () => {
  test('start from the file that holds them, log_path from where the command runs', async () => {
    const directory = await workspace({
      'parts/data.jsonl': '',
      'parts/base.yaml': spec(),
      'run.yaml': 'extends: parts/base.yaml\nlog_path: here\n',
    });
    const run = await resolved(directory);
    expect(run.log_path).toBe(join(directory, 'here'));
    expect(run.dataset).toMatchObject({ file_path: join(directory, 'parts/data.jsonl') });
  });

  test('a log_path in a file elsewhere starts from where the command runs all the same', async () => {
    const directory = await workspace({
      'parts/data.jsonl': '',
      'parts/base.yaml': spec(),
      'run.yaml': 'extends: parts/base.yaml\n',
    });
    expect((await resolved(directory)).log_path).toBe(join(directory, 'runs/one'));
  });

  test('a tilde is the home directory', async () => {
    const directory = await workspace({ ...DATA, 'run.yaml': spec().replace('runs/one', '~/runs') });
    expect((await resolved(directory)).log_path).toBe(join(homedir(), 'runs'));
  });

  test('a model that is no file is a name; one that lies beside the spec is a path', async () => {
    const directory = await workspace({ ...DATA, 'run.yaml': spec() });
    expect((await resolved(directory)).model_name).toBe('a-hub/model');
    const beside = await workspace({ ...DATA, 'a-hub/model/config.json': '{}', 'run.yaml': spec() });
    expect((await resolved(beside)).model_name).toBe(join(beside, 'a-hub/model'));
  });
});

test('resolving what is resolved changes nothing', async () => {
  const directory = await workspace({ ...DATA, 'run.yaml': spec('evaluators: [nll]', 'service: {threads: 2}') });
  const once = await resolved(directory);
  const at = { cwd: '/elsewhere', directoryOf: () => '/elsewhere', exists: existsSync };
  expect(resolveValue(once, toyRegistry(), at)).toEqual({ spec: once, issues: [], stages: [] });
});

test('what is resolved is frozen, and so are the defaults in it', async () => {
  const run = await resolved(await workspace({ ...DATA, 'run.yaml': spec() }));
  for (const value of [run, run.service, run.plugins, run.adam, run.stop]) expect(Object.isFrozen(value)).toBe(true);
});

test('issues are told in the order of the document, a missing field at what should hold it', async () => {
  const directory = await workspace({
    ...DATA,
    'run.yaml':
      'shuffle: 3\ndataset:\n  builder: conversation_file\n  batch_size: 0\nlora_rank: 0\ntrainer: supervised\n',
  });
  await expect(resolved(directory)).rejects.toThrowErrorMatchingInlineSnapshot(`
    [SpecError: run.yaml:1:1 log_path: required field is missing
    run.yaml:1:1 model_name: required field is missing
    run.yaml:1:10 shuffle: expected true or false; got 3
    run.yaml:2:1 dataset/file_path: required field is missing
    run.yaml:4:15 dataset/batch_size: expected a whole number of at least 1; got 0
    run.yaml:5:12 lora_rank: expected a whole number from 1 to 512; got 0]
  `);
});

test('any mapping with a schema resolves, builders and paths in it included', () => {
  const params = Type.Object({
    where: semantic(builderOf(serviceSlot, { default: { builder: 'local' }, description: '' })),
    count: semantic(Type.Integer({ default: 1, description: '' })),
  });
  const at = { cwd: '/', directoryOf: () => '/', exists: () => true };
  const { value, issues } = resolveFields(params, { where: 'tinker', cuont: 2 }, toyRegistry(), at);
  expect(value).toEqual({ where: { builder: 'tinker', base_url: null }, count: 1 });
  expect(issues).toEqual([{ path: ['cuont'], part: 'key', message: 'unknown field; did you mean "count"?' }]);
});
