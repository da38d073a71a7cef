// Microseconds per point for resolving and identifying a run spec like supervised learning's: `npx jiti bench/spec.ts`.

import { type TSchema, Type } from '@sinclair/typebox';
import { defineBuilder } from '../src/registry/builder.ts';
import { builderOf, contents, nullable, oneOf, runtime, semantic } from '../src/registry/fields.ts';
import { Registry } from '../src/registry/registry.ts';
import { createDigests } from '../src/spec/digests.ts';
import { identify } from '../src/spec/identity.ts';
import { resolveValue } from '../src/spec/resolve.ts';
import { datasetSlot } from '../src/supervised/types.ts';
import { serviceSlot } from '../src/tinker/service.ts';
import { trainerSlot } from '../src/training/types.ts';

const POINTS = 100_000;
/** Those of the trainer; 30 of them are numbers that stay at their default but for two. */
const numberOfFields = 35;

const numbers: Record<string, TSchema> = Object.fromEntries(
  Array.from({ length: 30 }, (_, i) => [
    `number_${i}`,
    semantic(Type.Number({ minimum: 0, default: i, description: '' })),
  ]),
);

function unused(): never {
  throw new Error('nothing is built here');
}

const registry = new Registry([
  defineBuilder({
    slot: trainerSlot,
    name: 'supervised',
    version: 1,
    doc: '',
    params: Type.Object({
      ...numbers,
      model_name: contents(Type.String({ description: '' })),
      dataset: semantic(builderOf(datasetSlot, { description: '' })),
      learning_rate: semantic(Type.Number({ exclusiveMinimum: 0, description: '' })),
      lr_schedule: semantic(oneOf(['linear', 'cosine', 'constant'], { default: 'linear', description: '' })),
      max_steps: semantic(nullable(Type.Integer({ default: null, description: '' }))),
    }),
    build: unused,
  }),
  defineBuilder({
    slot: datasetSlot,
    name: 'conversation_file',
    version: 1,
    doc: '',
    params: Type.Object({
      file_path: contents(Type.String({ format: 'path', description: '' })),
      batch_size: semantic(Type.Integer({ minimum: 1, description: '' })),
      max_length: semantic(nullable(Type.Integer({ default: null, description: '' }))),
    }),
    build: unused,
  }),
  defineBuilder({
    slot: serviceSlot,
    name: 'local',
    version: 1,
    doc: '',
    params: Type.Object({ threads: runtime(nullable(Type.Integer({ default: null, description: '' }))) }),
    build: unused,
  }),
]);

// The data file of the spec is this one: any file does.
const { dirname: directory, filename } = import.meta;
const at = { cwd: directory, directoryOf: () => directory, exists: (path: string) => path === filename };
const digests = createDigests();

/** CPU microseconds a point: other processes on the machine do not count. */
function run(points: number): number {
  const before = process.cpuUsage();
  for (let i = 0; i < points; i += 1) {
    const { spec, issues } = resolveValue(
      {
        trainer: 'supervised',
        log_path: `runs/${i}`,
        seed: i,
        model_name: 'a-hub/model',
        learning_rate: 1e-3 + i / points,
        number_3: 10,
        number_4: i,
        dataset: { builder: 'conversation_file', file_path: filename, batch_size: 16 },
      },
      registry,
      at,
    );
    if (spec === null) throw new Error(JSON.stringify(issues));
    identify(spec, registry, digests);
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / points;
}

run(POINTS / 10);
console.log(`${run(POINTS).toFixed(1)} µs of CPU a point, over ${POINTS} points of ${numberOfFields} fields`);
