// Definitions of builders: every field says what it is, what it is for, and what it is when it is absent.

import { type TSchema, Type } from '@sinclair/typebox';
import { expect, test } from 'vitest';
import { builtinRegistry } from '../../src/builtin.ts';
import { type AnyBuilder, defineBuilder } from '../../src/registry/builder.ts';
import { builderOf, contents, runtime, semantic } from '../../src/registry/fields.ts';
import { Registry } from '../../src/registry/registry.ts';
import { definitionProblems, unclassifiedFields } from '../../src/spec/definitions.ts';
import { rootParams } from '../../src/spec/root.ts';
import { serviceSlot } from '../../src/tinker/service.ts';
import { trainerSlot } from '../../src/training/types.ts';
import { toyRegistry } from './toys.ts';

function trainer(fields: Record<string, TSchema>): AnyBuilder {
  return defineBuilder({
    slot: trainerSlot,
    name: 'toy',
    version: 1,
    doc: 'A toy.',
    params: Type.Object(fields),
    build: () => Promise.reject(new Error('never built')),
  });
}

test.each([
  ['the package', builtinRegistry()],
  ['the toys', toyRegistry()],
])('the builders of %s are well defined', (_, registry) => {
  const builders = registry.slots().flatMap((slot) => registry.list(slot));
  expect(unclassifiedFields(registry)).toEqual([]);
  expect(builders.flatMap((builder) => definitionProblems(builder, registry))).toEqual([]);
});

test('the fields that every run has are well defined', () => {
  const { trainer: _, ...rest } = rootParams.properties;
  const root = defineBuilder({
    slot: serviceSlot,
    name: 'root',
    version: 1,
    doc: '',
    params: Type.Object(rest),
    build: () => Promise.reject(new Error('never built')),
  });
  expect(definitionProblems(root, toyRegistry())).toEqual([]);
});

test('a field without a mark is found', () => {
  const unmarked = trainer({
    a: semantic(Type.Number({ description: 'A.' })),
    b: Type.Number({ description: 'B.' }),
  });
  expect(unclassifiedFields(new Registry([unmarked]))).toEqual(['trainer/toy/b']);
});

test.each<[string, Record<string, TSchema>, string]>([
  [
    'a default builder that is not there',
    { a: runtime(builderOf(serviceSlot, { default: { builder: 'gone' }, description: 'A.' })) },
    'a/builder: default: unknown service builder "gone"; there is "local", "tinker"',
  ],
  ['no description', { a: runtime(Type.Number()) }, 'a: describe it'],
  [
    'an optional field without a default',
    { a: runtime(Type.Optional(Type.Number({ description: 'A.' }))) },
    'a: give it a default; where there is none, null',
  ],
  [
    'a default of another type',
    { a: runtime(Type.Number({ default: 'x', description: 'A.' })) },
    'a: default: expected a number; got the text "x"',
  ],
  [
    'contents that are no text',
    { a: contents(Type.Number({ description: 'A.' })) },
    'a: only a text, or a list of texts, can name contents',
  ],
  [
    'a path in the identity',
    { a: semantic(Type.String({ format: 'path', description: 'A.' })) },
    'a: a path is contents or runtime: runs move',
  ],
  [
    'a builder in a union',
    { a: semantic(Type.Union([builderOf(serviceSlot), Type.Null()], { description: 'A.' })) },
    'a: a builder inside of a union is never found',
  ],
  [
    'the name of a common field',
    { seed: runtime(Type.Number({ description: 'A.' })) },
    'seed: every spec gives this name a meaning',
  ],
])('%s is a problem', (_, fields, problem) => {
  expect(definitionProblems(trainer(fields), toyRegistry())).toEqual([`trainer builder "toy", field ${problem}`]);
});
