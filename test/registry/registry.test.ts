// The registry: builders by slot and name, built from what a spec says of them.

import { Type } from '@sinclair/typebox';
import { expect, test } from 'vitest';
import { defineBuilder } from '../../src/registry/builder.ts';
import { runtime } from '../../src/registry/fields.ts';
import { Registry } from '../../src/registry/registry.ts';
import { defineSlot } from '../../src/registry/slot.ts';

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
