// Plain JSON values: canonical text, equality, freezing.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson, deepFreeze, equalJson, isJsonObject, type JsonValue, spacedJson } from '../../src/util/json.ts';

/** JSON without -0, which JSON text does not keep apart from 0. */
const json = fc.jsonValue().map((value): JsonValue => JSON.parse(JSON.stringify(value)));

test('canonical text is JSON of the same value, with its keys in order', () => {
  expect(canonicalJson({ b: [1, null, 'x"y'], a: { d: true, c: -0.5 } })).toBe(
    '{"a":{"c":-0.5,"d":true},"b":[1,null,"x\\"y"]}',
  );
  fc.assert(
    fc.property(json, (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(value);
    }),
  );
});

test('values are equal exactly if their canonical texts are', () => {
  const pair = fc.oneof(
    fc.tuple(json, json),
    json.map((value): [JsonValue, JsonValue] => [value, structuredClone(value)]),
  );
  fc.assert(
    fc.property(pair, ([a, b]) => {
      expect(equalJson(a, b)).toBe(canonicalJson(a) === canonicalJson(b));
    }),
  );
});

test('a field that is null is not one that is absent', () => {
  expect(equalJson({ a: null }, { b: null })).toBe(false);
  expect(equalJson([null], [])).toBe(false);
});

test('freezing reaches everything', () => {
  const value = deepFreeze({ a: [{ b: 1 }] });
  expect(Object.isFrozen(value.a[0])).toBe(true);
  expect(isJsonObject(value)).toBe(true);
});

test('spaced JSON is what json.dumps of Python writes, small numbers too', () => {
  expect(spacedJson({ a: [0.00001, 1e-7, 0.0001, 0.5, 1e21, 1.5e300, -2e-5, 0], b: 'é' })).toBe(
    '{"a": [1e-05, 1e-07, 0.0001, 0.5, 1e+21, 1.5e+300, -2e-05, 0], "b": "é"}',
  );
});
