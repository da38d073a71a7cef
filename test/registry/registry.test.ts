// The registry: builders by slot and name, built from what a spec says of them.

import { Type } from '@sinclair/typebox';
import { expect, expectTypeOf, test } from 'vitest';
import { defineBuilder } from '../../src/registry/builder.ts';
import { builderOf, nullable, runtime, semantic } from '../../src/registry/fields.ts';
import { Registry } from '../../src/registry/registry.ts';
import { defineSlot, type PlainRef, reference } from '../../src/registry/slot.ts';

const adder = defineSlot<{ base: number }, number>({ name: 'adder', doc: 'Adds.' });
const other = defineSlot<Record<never, never>, string>({ name: 'other', doc: 'Another slot.' });

const plus = defineBuilder({
  slot: adder,
  name: 'plus',
  version: 1,
  doc: 'Adds n.',
  params: Type.Object({ n: runtime(Type.Number({ description: 'What to add.' })) }),
  build: ({ n }, { base }) => base + n,
});

test('a reference is built with its parameters and the context', async () => {
  expect(await new Registry([plus]).build(adder, { builder: 'plus', n: 2 }, { base: 40 })).toBe(42);
});

test('a name that is not there is told with the nearest, or with all there are', async () => {
  const registry = new Registry([plus]);
  await expect(registry.build(adder, { builder: 'plsu' }, { base: 0 })).rejects.toThrow(
    'unknown adder builder "plsu"; did you mean "plus"?',
  );
  await expect(registry.build(adder, { builder: 'minus' }, { base: 0 })).rejects.toThrow(
    'unknown adder builder "minus"; there is "plus"',
  );
  await expect(registry.build(other, { builder: 'plus' }, {})).rejects.toThrow(
    'unknown other builder "plus"; there is none',
  );
});

test('a name is taken once in its slot; the very same builder again is no other', () => {
  const registry = new Registry([plus]);
  registry.add(plus);
  expect(() => registry.add({ ...plus })).toThrow('the slot adder has a builder named "plus" already');
});

test('builders are listed by name, slots too', () => {
  const zero = defineBuilder({
    ...plus,
    slot: other,
    name: 'zero',
    version: 1,
    doc: '',
    params: Type.Object({}),
    build: () => '',
  });
  const registry = new Registry([zero, plus, { ...plus, name: 'add' }]);
  expect(registry.slots()).toEqual(['adder', 'other']);
  expect(registry.list('adder').map(({ name }) => name)).toEqual(['add', 'plus']);
  expect(registry.list('nothing')).toEqual([]);
});

/** Sums what its parts make: in a list, in an object, in one more of its kind. */
const sum = defineBuilder({
  slot: adder,
  name: 'sum',
  version: 1,
  doc: 'The sum of its parts.',
  params: Type.Object({
    parts: semantic(Type.Array(builderOf(adder), { default: [], description: 'Adders.' })),
    nested: semantic(
      Type.Object(
        { first: builderOf(adder, { default: { builder: 'plus' } }) },
        { default: {}, description: 'One more.' },
      ),
    ),
    last: nullable(semantic(builderOf(adder, { default: null, description: 'One more, or none.' }))),
    factor: semantic(Type.Integer({ default: 1, description: 'Times.' })),
  }),
  async build({ parts, nested, last, factor }, context, make) {
    const numbers = await Promise.all(
      [...parts, nested.first, ...(last === null ? [] : [last])].map((ref) => make(ref, context)),
    );
    return factor * numbers.reduce((total, number) => total + number, 0);
  },
});

const one = defineBuilder({
  ...plus,
  slot: adder,
  name: 'plus',
  params: Type.Object({ n: semantic(Type.Number({ default: 1, description: 'What to add.' })) }),
  version: 1,
  doc: '',
  build: ({ n }, { base }) => base + n,
});

test('a builder makes what its parameters refer to, wherever it stands in them, with the defaults that are left out', async () => {
  const registry = new Registry([one, sum]);
  expect(await registry.build(adder, { builder: 'sum' }, { base: 10 })).toBe(11);
  const parts: PlainRef['parts'] = ['plus', { builder: 'plus', n: 5 }, { builder: 'sum', factor: 3 }];
  const ref: PlainRef = { builder: 'sum', parts, nested: { first: { n: 2 } }, last: { builder: 'plus', n: 3 } };
  expect(await registry.build(adder, ref, { base: 10 })).toBe(11 + 15 + 33 + 12 + 13);
});

test('parameters are completed for the builder alone: what was given stays as it was', async () => {
  const ref = Object.freeze({ builder: 'sum', parts: Object.freeze(['plus']) });
  expect(await new Registry([one, sum]).build(adder, { ...ref, parts: [...ref.parts] }, { base: 0 })).toBe(2);
  expect(JSON.stringify(ref)).toBe('{"builder":"sum","parts":["plus"]}');
});

test('code refers to a builder by its slot, and a copy of a reference is one', async () => {
  const ref = reference(adder, { builder: 'plus', n: 2 });
  const { make } = new Registry([plus]);
  expect(await make(ref, { base: 40 })).toBe(42);
  expect(await make({ ...ref, n: 3 }, { base: 40 })).toBe(43);
  expect(JSON.stringify(ref)).toBe('{"builder":"plus","n":2}');
});

test('what a reference needs and gives is known to the compiler', async () => {
  const { make } = new Registry([plus]);
  const ref = reference(adder, { builder: 'plus', n: 2 });
  expectTypeOf(await make(ref, { base: 40 })).toEqualTypeOf<number>();
  // @ts-expect-error: the context of the slot has a base
  await make(ref, {});
  // @ts-expect-error: a plain reference does not say what it is for
  await expect(make({ builder: 'plus', n: 2 }, { base: 40 })).rejects.toThrow('the reference to "plus" knows no slot');
});
