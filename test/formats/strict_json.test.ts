import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseStrictJson } from '../../src/formats/strict_json.ts';

test('any JSON text gives what JSON.parse gives', () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(0, 2), (text, indent) => {
      const spaced = JSON.stringify(JSON.parse(text), null, indent);
      expect(parseStrictJson(spaced, 100)).toEqual(JSON.parse(text));
    }),
  );
});

test('any other text is a SyntaxError', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'{}[]":,\\ a1\n') }), (text) => {
      const valid = ((): boolean => {
        try {
          JSON.parse(text);
          return true;
        } catch {
          return false;
        }
      })();
      if (!valid) expect(() => parseStrictJson(text, 100)).toThrow(SyntaxError);
    }),
    { numRuns: 1000 },
  );
});

test.for(['{"a": 1, "a": 2}', '{"a":{"b":[{"c":1}],"b":2}}', '{"a" :1,"\\u0061"\n:2}', '{"\\"":1,"\\"":2}'])(
  'equal keys of one object are refused: %s',
  (text) => {
    expect(() => parseStrictJson(text, 100)).toThrow(/^duplicate key/);
  },
);

test('equal keys of different objects, and texts like keys, are none', () => {
  const text = '[{"a":{"a":"a"},"b":["a","a",":"]},{"a":"\\"a\\":"}]';
  expect(parseStrictJson(text, 100)).toEqual(JSON.parse(text));
});

test('nesting is bounded', () => {
  expect(parseStrictJson('[[{}],[[]]]', 3)).toEqual([[{}], [[]]]);
  expect(() => parseStrictJson('[[[[]]]]', 3)).toThrow('nested deeper than 3 levels');
});
