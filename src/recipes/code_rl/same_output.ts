// Whether what a program gave is what it should give: as the public benchmarks judge it, numbers within rounding.

import { DECIMAL_NUMBER } from '../../util/decimal.ts';
import { isJsonObject, type JsonValue } from '../../util/json.ts';

/** Numbers that differ by less, of one or of their size, are the same. */
const TOLERANCE = 1e-6;

const sameNumber = (a: number, b: number) =>
  a === b || Math.abs(a - b) <= TOLERANCE * Math.max(1, Math.abs(a), Math.abs(b));

/** Whole numbers are compared exactly: a counter that is off by one in a million is off by one. */
export function sameValue(got: JsonValue, expected: JsonValue): boolean {
  if (typeof got === 'number' && typeof expected === 'number') {
    return Number.isInteger(expected) ? got === expected : sameNumber(got, expected);
  }
  if (Array.isArray(got) && Array.isArray(expected)) {
    return got.length === expected.length && got.every((item, i) => sameValue(item, expected[i] ?? null));
  }
  if (isJsonObject(got) && isJsonObject(expected)) {
    const names = Object.keys(expected);
    return (
      Object.keys(got).length === names.length &&
      names.every((name) => Object.hasOwn(got, name) && sameValue(got[name] ?? null, expected[name] ?? null))
    );
  }
  return got === expected;
}

/** Line by line, without the blanks around them; numbers with a point may be rounded. Blank lines at the end do not count. */
export function sameText(got: string, expected: string): boolean {
  const [a, b] = [linesOf(got), linesOf(expected)];
  return a.length === b.length && a.every((line, i) => sameLine(line, b[i] ?? ''));
}

function linesOf(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.trim());
}

function sameLine(got: string, expected: string): boolean {
  if (got === expected) return true;
  const [a, b] = [got.split(/\s+/), expected.split(/\s+/)];
  return a.length === b.length && a.every((word, i) => sameWord(word, b[i] ?? ''));
}

const WITH_POINT = /^[+-]?(?:\d+\.\d*|\.\d+|\d+(?:\.\d*)?[eE][+-]?\d+)$/;

function sameWord(got: string, expected: string): boolean {
  return (
    got === expected ||
    (WITH_POINT.test(expected) && DECIMAL_NUMBER.test(got) && sameNumber(Number(got), Number(expected)))
  );
}
