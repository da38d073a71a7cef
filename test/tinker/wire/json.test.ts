import fc from 'fast-check';
import { expect, it } from 'vitest';
import { WireError } from '../../../src/tinker/wire/error.ts';
import { type ExactJson, exactJsonText, parseExactJson } from '../../../src/tinker/wire/json.ts';

const LARGE = 2n ** 53n;
const large = fc.bigInt({ min: LARGE, max: LARGE * LARGE }).map((value) => (value % 2n === 0n ? value : -value));
const { tree } = fc.letrec<{ tree: ExactJson }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, false),
    fc.string({ unit: 'binary' }),
    fc.constantFrom('{"$integer":"12345678901234567890"}', '"12345678901234567890', '\\'),
    fc.maxSafeInteger().map((value) => value + 0),
    fc.double({ noNaN: true, noInteger: true, noDefaultInfinity: true }),
    large,
    fc.array(tie('tree')),
    fc.dictionary(fc.string(), tie('tree'), { noNullPrototype: true }),
  ),
}));

it('what is written is read again, and every integer is what it was', () => {
  fc.assert(
    fc.property(tree, (value) => {
      expect(parseExactJson(exactJsonText(value))).toEqual(value);
    }),
    { numRuns: 500 },
  );
});

it('integers that a number would round are told apart', () => {
  expect(parseExactJson('{"seq_id": 999999999000000001, "other": [-999999999000000002, 9007199254740991]}')).toEqual({
    seq_id: 999999999000000001n,
    other: [-999999999000000002n, 9007199254740991],
  });
  expect(exactJsonText({ seq_id: 999999999000000001n })).toBe('{"seq_id":999999999000000001}');
});

it('fractions, exponents and digits within texts are no integers', () => {
  const text =
    '[0.12345678901234567890, 1e300, 12345678901234567890.5, "12345678901234567890", "\\"12345678901234567890"]';
  expect(parseExactJson(text)).toEqual(JSON.parse(text));
});

it('all else is what JSON.parse makes of the text', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(rounded(parseExactJson(text))).toEqual(JSON.parse(text));
    }),
  );
});

it.each([
  ['text that is not JSON', '{"a": 1234567890123456789,}'],
  ['nothing', ''],
  ['NaN', '[NaN]'],
  ['a text that does not end', `"${'\\"'.repeat(100_000)} 1234567890123456789`],
])('%s is refused with the error of the wire', (_what, text) => {
  expect(() => parseExactJson(text)).toThrow(WireError);
});

it('nesting as deep as it may be is read or refused, and nothing else', () => {
  const text = `${'['.repeat(100_000)}1234567890123456789${']'.repeat(100_000)}`;
  expect(() => parseExactJson(text)).toThrow(WireError);
});

it('a long text among large integers is passed over', () => {
  const picture = 'A'.repeat(20_000_000);
  expect(parseExactJson(`["${picture}", 1234567890123456789]`)).toEqual([picture, 1234567890123456789n]);
});

function rounded(value: ExactJson): ExactJson {
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(rounded);
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, rounded(member)]));
}
