// Builders of no use but to specs: one field of each sort that a trainer may have.

import { Type } from '@sinclair/typebox';
import { type AnyBuilder, defineBuilder } from '../../src/registry/builder.ts';
import { builderOf, contents, nullable, oneOf, runtime, semantic } from '../../src/registry/fields.ts';
import { Registry } from '../../src/registry/registry.ts';
import { datasetSlot } from '../../src/supervised/types.ts';
import { serviceSlot } from '../../src/tinker/service.ts';
import { evaluatorSlot } from '../../src/training/evaluator.ts';
import { trainerSlot } from '../../src/training/types.ts';

function unbuilt(): never {
  throw new Error('a toy is never built');
}

export const supervisedParams = Type.Object({
  model_name: contents(Type.String({ description: 'A directory, or the name of a model on a hub.' })),
  dataset: semantic(builderOf(datasetSlot, { description: 'What to train on.' })),
  evaluators: semantic(Type.Array(builderOf(evaluatorSlot), { default: [], description: 'What to measure.' })),
  learning_rate: semantic(Type.Number({ exclusiveMinimum: 0, default: 1e-4, description: 'Peak learning rate.' })),
  lr_schedule: semantic(oneOf(['linear', 'cosine', 'constant'], { default: 'linear', description: 'Its course.' })),
  lora_rank: semantic(Type.Integer({ minimum: 1, maximum: 512, default: 32, description: 'Rank of the adapter.' })),
  warmup: semantic(
    Type.Union([Type.Integer({ minimum: 0 }), Type.Literal('auto')], { default: 0, description: 'Steps of warm-up.' }),
  ),
  adam: semantic(
    Type.Object(
      {
        beta1: Type.Number({ minimum: 0, exclusiveMaximum: 1, default: 0.9, description: 'Decay of the mean.' }),
        eps: Type.Number({ exclusiveMinimum: 0, default: 1e-8, description: 'Added to the divisor.' }),
      },
      { default: {}, description: 'The optimizer.' },
    ),
  ),
  stop: semantic(Type.Array(Type.String(), { default: [], description: 'Texts that end a sample.' })),
  max_steps: semantic(nullable(Type.Integer({ minimum: 1, default: null, description: 'Stop early.' }))),
  shuffle: semantic(Type.Boolean({ default: true, description: 'Whether the order changes from epoch to epoch.' })),
  save_every: runtime(Type.Integer({ minimum: 0, default: 20, description: 'Steps between checkpoints.' })),
  notes: runtime(nullable(Type.String({ default: null, description: 'For people.' }))),
});

export const supervised = defineBuilder({
  slot: trainerSlot,
  name: 'supervised',
  version: 1,
  doc: 'Trains on conversations.',
  params: supervisedParams,
  build: unbuilt,
});

export const conversationFile = defineBuilder({
  slot: datasetSlot,
  name: 'conversation_file',
  version: 1,
  doc: 'Conversations, one a line.',
  params: Type.Object({
    file_path: contents(Type.String({ format: 'path', description: 'JSONL.' })),
    batch_size: semantic(Type.Integer({ minimum: 1, description: 'Conversations a step.' })),
    max_length: semantic(nullable(Type.Integer({ minimum: 1, default: null, description: 'In tokens.' }))),
  }),
  build: unbuilt,
});

export const localService = defineBuilder({
  slot: serviceSlot,
  name: 'local',
  version: 1,
  doc: 'This machine.',
  params: Type.Object({
    threads: runtime(nullable(Type.Integer({ minimum: 1, default: null, description: 'All if null.' }))),
    precise: semantic(Type.Boolean({ default: false, description: 'Slower, closer.' })),
  }),
  build: unbuilt,
});

const others = [
  defineBuilder({
    slot: trainerSlot,
    name: 'dpo',
    version: 1,
    doc: 'Trains on preferences.',
    params: Type.Object({ beta: semantic(Type.Number({ default: 0.1, description: 'Strength.' })) }),
    build: unbuilt,
  }),
  defineBuilder({
    slot: datasetSlot,
    name: 'text_file',
    version: 1,
    doc: 'Plain text.',
    params: Type.Object({ file_path: contents(Type.String({ format: 'path', description: 'UTF-8.' })) }),
    build: unbuilt,
  }),
  defineBuilder({
    slot: evaluatorSlot,
    name: 'nll',
    version: 1,
    doc: 'Loss on held-out data.',
    params: Type.Object({}),
    build: unbuilt,
  }),
  defineBuilder({
    slot: evaluatorSlot,
    name: 'sample',
    version: 1,
    doc: 'Shows what the model says.',
    params: Type.Object({ max_tokens: semantic(Type.Integer({ minimum: 1, default: 64, description: 'At most.' })) }),
    build: unbuilt,
  }),
  defineBuilder({
    slot: serviceSlot,
    name: 'tinker',
    version: 1,
    doc: 'The hosted service.',
    params: Type.Object({ base_url: runtime(nullable(Type.String({ default: null, description: 'Its address.' }))) }),
    build: unbuilt,
  }),
];

/** The toys; a definition given here stands in for the toy of its name. */
export function toyRegistry(...replacements: AnyBuilder[]): Registry {
  const toys = [supervised, conversationFile, localService, ...others];
  return new Registry(toys.map((toy) => replacements.find((r) => r.slot === toy.slot && r.name === toy.name) ?? toy));
}
