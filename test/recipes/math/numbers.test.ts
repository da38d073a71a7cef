// Numbers in text, tuples of them, and exact fractions.

import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { isFraction, wholeNumber, withoutThousands } from '../../../src/recipes/math/number_text.ts';
import {
  add,
  floor,
  multiply,
  parseDecimal,
  power,
  rational,
  toNumber,
  toText,
  Uncomputable,
} from '../../../src/recipes/math/rational.ts';
import { splitTuple } from '../../../src/recipes/math/split_tuple.ts';

describe('wholeNumber', () => {
  it.each([
    ['42', '42'],
    [' +042.0 ', '42'],
    ['-0', '0'],
    ['-007', '-7'],
    ['1e3', '1000'],
    ['5.', '5'],
    ['1_000', '1000'],
    ['0.00000001', '0'],
    ['-1.00000001', '-1'],
    ['1.5', null],
    ['1__0', null],
    ['inf', null],
    ['.', null],
    ['1e999999999', null],
    ['', null],
  ])('of %j is %j', (text, number) => {
    expect([wholeNumber(text, false), wholeNumber(text, true)]).toEqual([number, number]);
  });
});

test('commas between thousands go, others stay', () => {
  expect(['1,234', '12,34', '1,2345', '(1,234,5)', '1,000.50'].map((text) => withoutThousands(text, true))).toEqual([
    '1234',
    '12,34',
    '1,2345',
    '(1234,5)',
    '1000.50',
  ]);
  fc.assert(
    fc.property(fc.bigInt({ min: 0n }), (number) => {
      expect(withoutThousands(number.toLocaleString('en-US'), false)).toBe(`${number}`);
    }),
  );
});

test('fractions are told by their looks', () => {
  expect(['1/2', '-1/2', '1/02', '1/2x', '1./2'].map(isFraction)).toEqual([true, true, true, true, true]);
  expect(['(1/2)', '1/0', 'x/2', '1', '1/x', '1/2xy'].map(isFraction)).toEqual([
    false,
    false,
    false,
    false,
    false,
    false,
  ]);
});

describe('splitTuple', () => {
  it.each([
    ['', []],
    ['1', ['1']],
    ['1,2', ['1,2']],
    ['(1)', ['1']],
    ['()', ['()']],
    ['(1, 2]', ['1', '2']],
    ['(1,234)', ['1234']],
    ['(1,234,5)', ['1234', '5']],
    ['(x)(y)', ['(x)(y)']],
    ['(1,2', ['(1,2']],
  ])('of %j is %j', (text, elements) => {
    expect([splitTuple(text, false), splitTuple(text, true)]).toEqual([elements, elements]);
  });

  it('keeps inner brackets together, where the reference does not split at all', () => {
    expect(splitTuple('(1,(2,3))', false)).toEqual(['1', '(2,3)']);
    expect(splitTuple('(1,(2,3))', true)).toEqual(['(1,(2,3))']);
    expect(splitTuple('(sqrt(2),1)', false)).toEqual(['sqrt(2)', '1']);
  });
});

describe('rationals', () => {
  const fraction = fc
    .tuple(fc.bigInt({ min: -999n, max: 999n }), fc.bigInt({ min: 1n, max: 999n }))
    .map(([top, bottom]) => rational(top, bottom));

  test('are a field, as far as a double can tell', () => {
    fc.assert(
      fc.property(fraction, fraction, fraction, (a, b, c) => {
        expect(multiply(a, add(b, c))).toEqual(add(multiply(a, b), multiply(a, c)));
        expect(toNumber(add(a, b))).toBeCloseTo(toNumber(a) + toNumber(b), 9);
        expect(Number(floor(a))).toBe(Math.floor(toNumber(a)));
        expect(power(a, 3n)).toEqual(multiply(a, multiply(a, a)));
      }),
    );
  });

  test('are read from decimals', () => {
    const texts = ['1.5', '-.25', '5.', '1e-3', '2.5E2', 'x', '.', '', '1e400', '1.2.3'];
    expect(texts.map((text) => parseDecimal(text)).map((value) => value && toText(value))).toEqual([
      '3/2',
      '-1/4',
      '5',
      '1/1000',
      '250',
      null,
      null,
      null,
      null,
      null,
    ]);
  });

  test('that do not exist or grow too large are refused', () => {
    expect(() => rational(1n, 0n)).toThrow(Uncomputable);
    expect(() => power(rational(0n), -1n)).toThrow(Uncomputable);
    expect(() => power(rational(3n), 10n ** 30n)).toThrow(Uncomputable);
    expect(() => rational(1n << 1000n)).toThrow(Uncomputable);
    expect(power(rational(-1n), 10n ** 30n + 1n)).toEqual(rational(-1n));
  });
});
