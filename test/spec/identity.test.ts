// Identity: what makes another run of a run, and what leaves it the same.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TObject, Type } from '@sinclair/typebox';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AnyBuilder } from '../../src/registry/builder.ts';
import { builderOf, runtime, semantic } from '../../src/registry/fields.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { differingFields } from '../../src/spec/differences.ts';
import { createDigests } from '../../src/spec/digests.ts';
import { Hasher, identify } from '../../src/spec/identity.ts';
import { resolveValue } from '../../src/spec/resolve.ts';
import type { Identity, RunSpec } from '../../src/spec/types.ts';
import { serviceSlot } from '../../src/tinker/service.ts';
import { canonicalJson, type JsonObject } from '../../src/util/json.ts';
import { conversationFile, localService, supervised, supervisedParams, toyRegistry } from './toys.ts';
import { workspace } from './workspace.ts';

const DATASET = { builder: 'conversation_file', file_path: '/data/conversations.jsonl', batch_size: 16 };
const RUN: JsonObject = {
  trainer: 'supervised',
  log_path: '/runs/one',
  model_name: 'a-hub/model',
  dataset: DATASET,
};

/** Contents that are as old as their names. */
const NAMES_ONLY = { of: (path: string) => `contents of ${path}` };

function resolve(fields: JsonObject = {}, registry: Registry = toyRegistry()): RunSpec {
  const at = { cwd: '/', directoryOf: () => '/', exists: (path: string) => path.startsWith('/data/') };
  const { spec, issues } = resolveValue({ ...RUN, ...fields }, registry, at);
  if (spec === null) throw new Error(JSON.stringify(issues));
  return spec;
}

function identity(fields: JsonObject = {}, registry: Registry = toyRegistry()): Identity {
  return identify(resolve(fields, registry), registry, NAMES_ONLY);
}

function redefined(builder: AnyBuilder, change: { version?: number; params?: TObject }): AnyBuilder {
  return { ...builder, ...change };
}

test('the recipe is the one that runs on disk were made with', async () => {
  const golden: unknown = JSON.parse(await readFile(join(import.meta.dirname, 'golden/identities.json'), 'utf8'));
  const specs: JsonObject[] = [
    {},
    { seed: 7 },
    { learning_rate: 1e-3, lora_rank: 8, stop: ['a', 'b'], adam: { beta1: 0.8 }, notes: 'runtime' },
    {
      service: { builder: 'tinker', base_url: 'http://localhost' },
      evaluators: ['nll', { builder: 'sample', max_tokens: 5 }],
    },
  ];
  // Written once. A change here gives every run of every user another identity: raise VERSION and say why.
  expect(specs.map((fields) => ({ fields, identity: identity(fields) }))).toEqual(golden);
});

describe('does not change', () => {
  test.each<[string, JsonObject]>([
    ['with a default that is written down', { learning_rate: 1e-4, max_steps: null, adam: { beta1: 0.9 } }],
    ['with the spelling of a number', { learning_rate: Number('0.1e-3') }],
    ['with a default builder that is written down', { service: 'local' }],
    ['with runtime fields', { log_path: '/elsewhere', save_every: 1, notes: 'hm', if_exists: 'raise' }],
    ['with runtime fields of a builder', { service: { builder: 'local', threads: 4 } }],
  ])('%s', (_, fields) => {
    expect(identity(fields)).toEqual(identity());
  });

  test('with a new field that has a default, at the top or in a builder', () => {
    const wider = Type.Object({ ...supervisedParams.properties, z_loss: semantic(Type.Number({ default: 0 })) });
    const judged = Type.Object({
      ...wider.properties,
      judge: semantic(builderOf(serviceSlot, { default: { builder: 'local' } })),
    });
    for (const params of [wider, judged]) {
      const registry = toyRegistry(redefined(supervised, { params }));
      expect(identity({}, registry)).toEqual(identity());
    }
  });

  test('of a spec on disk that is older than a field', () => {
    const params = Type.Object({ ...supervisedParams.properties, z_loss: semantic(Type.Number({ default: 0 })) });
    expect(identify(resolve(), toyRegistry(redefined(supervised, { params })), NAMES_ONLY)).toEqual(identity());
  });

  test('with the place of a file, only with its contents', async () => {
    const directory = await workspace({ 'a.jsonl': 'same', 'b.jsonl': 'same', 'c.jsonl': 'other' });
    const hashes = ['a', 'b', 'c'].map((name) => {
      const dataset = { builder: 'conversation_file', file_path: join(directory, `${name}.jsonl`), batch_size: 1 };
      return identify({ ...resolve(), dataset }, toyRegistry(), createDigests()).hash;
    });
    expect(hashes[0]).toBe(hashes[1]);
    expect(hashes[0]).not.toBe(hashes[2]);
  });
});

describe('changes', () => {
  test.each<[string, JsonObject]>([
    ['a semantic field', { learning_rate: 2e-4 }],
    ['a field of a nested mapping', { adam: { beta1: 0.8 } }],
    [
      'a field of a builder',
      { dataset: { builder: 'conversation_file', file_path: '/data/conversations.jsonl', batch_size: 8 } },
    ],
    ['a builder', { service: 'tinker' }],
    ['a file', { dataset: { builder: 'conversation_file', file_path: '/data/other.jsonl', batch_size: 16 } }],
    ['a name that is no file', { model_name: 'a-hub/other' }],
    ['the order of builders in a list', { evaluators: ['sample', 'nll'] }],
  ])('with %s', (_, fields) => {
    const before = identity({ evaluators: ['nll', 'sample'], ...RUN });
    const after = identity({ evaluators: ['nll', 'sample'], ...fields });
    expect(after.hash).not.toBe(before.hash);
    expect(after.config_hash).not.toBe(before.config_hash);
  });

  test.each<[string, AnyBuilder]>([
    ['the trainer', supervised],
    ['a builder that is named', conversationFile],
    ['a builder that is a default and not named', localService],
  ])('with the version of %s', (_, builder) => {
    const newer = toyRegistry(redefined(builder, { version: 2 }));
    expect(identity({}, newer).config_hash).not.toBe(identity().config_hash);
  });

  test('with the seed, and the configuration stays the same', () => {
    const [a, b] = [identity({ seed: 1 }), identity({ seed: 2 })];
    expect(a.hash).not.toBe(b.hash);
    expect(a.config_hash).toBe(b.config_hash);
    expect(a.config).toEqual(b.config);
  });
});

test('the hash is that of the canonical JSON of version, configuration and seed', () => {
  const { version, config, seed, hash, config_hash } = identity({ seed: 3, lora_rank: 8 });
  const digits = (value: JsonObject) => createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, 12);
  expect(hash).toBe(digits({ version, config, seed }));
  expect(config_hash).toBe(digits({ version, config }));
});

test('the configuration shows what was hashed', () => {
  expect(identity({ lora_rank: 8, evaluators: ['nll'], adam: { eps: 1e-6 } }).config).toEqual({
    trainer: { builder: 'supervised', version: 1 },
    model_name: 'a-hub/model',
    dataset: {
      builder: 'conversation_file',
      version: 1,
      file_path: 'sha256:contents of /data/conversations.jsonl',
      batch_size: 16,
    },
    evaluators: [{ builder: 'nll', version: 1 }],
    lora_rank: 8,
    adam: { eps: 1e-6 },
  });
});

test('a builder that is not registered is named', () => {
  const other = { ...resolve(), service: { builder: 'gone' } };
  expect(() => identify(other, toyRegistry(), NAMES_ONLY)).toThrow('unknown service builder "gone"');
});

test('a mark that is nested wins over the one around it', () => {
  const adam = semantic(Type.Object({ fused: runtime(Type.Boolean({ default: false })) }, { default: {} }));
  const params = Type.Object({ ...supervisedParams.properties, adam });
  const registry = toyRegistry(redefined(supervised, { params }));
  expect(identity({ adam: { fused: true } }, registry)).toEqual(identity({}, registry));
});

test('two specs differ in these fields', () => {
  const a = resolve({ lora_rank: 8, evaluators: ['nll'], stop: ['x'] });
  const b = resolve({ lora_rank: 16, evaluators: ['nll', { builder: 'sample', max_tokens: 9 }], stop: ['x', 'y'] });
  expect(differingFields(a, b)).toEqual([
    { path: 'lora_rank', a: 8, b: 16 },
    { path: 'stop', a: ['x'], b: ['x', 'y'] },
    { path: 'evaluators[1].builder', a: undefined, b: 'sample' },
    { path: 'evaluators[1].max_tokens', a: undefined, b: 9 },
  ]);
  expect(differingFields(a, a)).toEqual([]);
});

describe('hashes of many specs', () => {
  test('are those of each by itself, in whatever order the specs come', () => {
    const registry = toyRegistry();
    const variants: JsonObject[] = [
      {},
      { learning_rate: 0.5 },
      { learning_rate: 0.5, dataset: { ...DATASET, batch_size: 8 } },
      { log_path: '/runs/two' },
      { dataset: { ...DATASET, batch_size: 8 } },
      { model_name: '/data/model', learning_rate: 0.25 },
    ];
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...variants), fc.nat(9)), { maxLength: 12 }), (points) => {
        const hasher = new Hasher(registry, NAMES_ONLY);
        for (const [fields, seed] of points) {
          const spec = { ...resolve(fields, registry), seed };
          const { hash, config_hash } = identify(spec, registry, NAMES_ONLY);
          expect(hasher.hashesOf(spec)(seed)).toEqual({ hash, config_hash });
        }
      }),
    );
  });
});
