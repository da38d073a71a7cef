// Laws of specs, on random ones: order and defaults do not matter, doing it twice changes nothing.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { differingFields } from '../../src/spec/differences.ts';
import { identify } from '../../src/spec/identity.ts';
import { loadDocument } from '../../src/spec/load.ts';
import { dottedPath, parsePath } from '../../src/spec/path.ts';
import { resolveValue } from '../../src/spec/resolve.ts';
import type { Identity, RunSpec } from '../../src/spec/types.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../src/util/json.ts';
import { toyRegistry } from './toys.ts';
import { workspace } from './workspace.ts';

const registry = toyRegistry();
const at = { cwd: '/work', directoryOf: () => '/work', exists: (path: string) => path.startsWith('/data/') };
const digests = { of: (path: string) => `contents of ${path}` };

const dataset = fc.record(
  {
    builder: fc.constant('conversation_file'),
    file_path: fc.constantFrom('/data/a.jsonl', '/data/b.jsonl'),
    batch_size: fc.integer({ min: 1, max: 64 }),
    max_length: fc.option(fc.integer({ min: 1 }), { nil: null }),
  },
  { requiredKeys: ['builder', 'file_path', 'batch_size'] },
);

const service = fc.oneof(
  fc.constantFrom<JsonValue[]>('local', 'tinker'),
  fc.record<JsonObject>(
    { builder: fc.constant('local'), threads: fc.integer({ min: 1 }), precise: fc.boolean() },
    { requiredKeys: ['builder'] },
  ),
);

/** Fields that decide what is computed, each of them sometimes absent and sometimes at its default. */
const semanticFields = fc.record<JsonObject>(
  {
    model_name: fc.constantFrom('a-hub/model', 'a-hub/other'),
    dataset,
    service,
    evaluators: fc.array(fc.constantFrom<JsonValue[]>('nll', 'sample', { builder: 'sample', max_tokens: 5 }), {
      maxLength: 3,
    }),
    learning_rate: fc.oneof(fc.constant(1e-4), fc.double({ min: 1e-9, max: 10, noNaN: true })),
    lora_rank: fc.constantFrom(8, 32, 512),
    warmup: fc.constantFrom<JsonValue[]>(0, 10, 'auto'),
    adam: fc.record({ beta1: fc.constantFrom(0.8, 0.9), eps: fc.constantFrom(1e-8, 1e-6) }, { requiredKeys: [] }),
    stop: fc.array(
      fc.string().filter((text) => !text.includes('${')),
      { maxLength: 3 },
    ),
    max_steps: fc.constantFrom(null, 1, 100),
    shuffle: fc.boolean(),
    seed: fc.integer({ min: 0, max: 3 }),
  },
  { requiredKeys: ['model_name', 'dataset'] },
);

const runtimeFields = fc.record<JsonObject>(
  {
    log_path: fc.constantFrom('/runs/a', 'runs/b', '~/runs/c'),
    save_every: fc.integer({ min: 0 }),
    notes: fc.option(fc.string(), { nil: null }),
    if_exists: fc.constantFrom('ask', 'resume', 'delete', 'raise'),
  },
  { requiredKeys: ['log_path'] },
);

function resolve(fields: JsonObject): RunSpec {
  const { spec, issues } = resolveValue({ trainer: 'supervised', log_path: 'runs/one', ...fields }, registry, at);
  if (spec === null) throw new Error(JSON.stringify(issues));
  return spec;
}

function identity(fields: JsonObject): Identity {
  return identify(resolve(fields), registry, digests);
}

/** The same value with the keys of its mappings in reverse. */
function reversed(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(reversed);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  );
}

function reversedObject(value: JsonObject): JsonObject {
  const result = reversed(value);
  return isJsonObject(result) ? result : {};
}

describe('identity', () => {
  test('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(semanticFields, (fields) => {
        expect(identity(reversedObject(fields))).toEqual(identity(fields));
      }),
    );
  });

  test('does not depend on whether defaults are written down', () => {
    fc.assert(
      fc.property(semanticFields, (fields) => {
        expect(identity(resolve(fields))).toEqual(identity(fields));
      }),
    );
  });

  test('does not depend on runtime fields', () => {
    fc.assert(
      fc.property(semanticFields, runtimeFields, (fields, runtime) => {
        expect(identity({ ...fields, ...runtime })).toEqual(identity(fields));
      }),
    );
  });

  test('is shared by two runs exactly if they differ in runtime fields alone', () => {
    const runtime = /^(log_path|save_every|notes|if_exists|service\.(threads|base_url))$/;
    fc.assert(
      fc.property(semanticFields, semanticFields, (a, b) => {
        const differences = differingFields(resolve(a), resolve(b)).filter(({ path }) => !runtime.test(path));
        expect(identity(a).hash === identity(b).hash).toBe(differences.length === 0);
      }),
    );
  });
});

test('resolving what is resolved changes nothing', () => {
  fc.assert(
    fc.property(semanticFields, runtimeFields, (fields, runtime) => {
      const once = resolve({ ...fields, ...runtime });
      expect(resolve(once)).toEqual(once);
    }),
  );
});

test('a resolved spec survives JSON', () => {
  fc.assert(
    fc.property(semanticFields, (fields) => {
      const once = resolve(fields);
      expect(resolve(JSON.parse(JSON.stringify(once)))).toEqual(once);
    }),
  );
});

test('overriding any field with the value that it has changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(semanticFields, async (fields) => {
      const cwd = await workspace({ 'run.yaml': JSON.stringify(fields) });
      const nested = isJsonObject(fields.dataset) ? Object.entries(fields.dataset) : [];
      const overrides = [
        ...Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`),
        ...nested.map(([name, value]) => `dataset.${name}=${JSON.stringify(value)}`),
      ];
      const plain = await loadDocument('run.yaml', { overrides: [], cwd, env: {} });
      const overridden = await loadDocument('run.yaml', { overrides, cwd, env: {} });
      expect(overridden.value).toEqual(plain.value);
    }),
    { numRuns: 30 },
  );
});

test('a dotted path reads back as what it was written from', () => {
  const name = fc.stringMatching(/^[^.[\]\s=/]+$/).filter((text) => text !== '__proto__');
  const path = fc.tuple(name, fc.array(fc.oneof(name, fc.nat({ max: 99 })))).map(([first, rest]) => [first, ...rest]);
  fc.assert(
    fc.property(path, (path) => {
      expect(parsePath(dottedPath(path))).toEqual(path);
    }),
  );
});
