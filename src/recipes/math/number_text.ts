// Numbers as people write them in answers: which text is a whole number, which a fraction, and commas between thousands.

import { add, floor, parseDecimal, type Rational, rational } from './rational.ts';

/** `5.`, `1e3`, `1_000` are numbers to Python, and so to the reference. */
const PYTHON_NUMBER = /^[+-]?(?:\d(?:_?\d)*(?:\.(?:\d(?:_?\d)*)?)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d(?:_?\d)*)?$/;

/** A number this near to a whole one is that. */
const NEAR = 1e-7;

/**
 * The whole number that a text stands for, as digits; null where it stands for none. `strict` goes through a double, as the
 * reference does, which makes 12345678901234567890 of its neighbours too.
 */
export function wholeNumber(text: string, strict: boolean, round = Math.round): string | null {
  const number = text.trim();
  if (!PYTHON_NUMBER.test(number)) return null;
  const plain = number.replaceAll('_', '');
  if (!strict) return exactWholeNumber(plain);
  const value = Number(plain);
  return Math.abs(value - Math.round(value)) <= NEAR ? `${BigInt(round(value))}` : null;
}

function exactWholeNumber(text: string): string | null {
  if (/^[+-]?\d+$/.test(text)) return text.replace(/^\+?(-?)0*(?=\d)/, '$1').replace(/^-0$/, '0');
  const value = parseDecimal(text);
  if (value === null) return null;
  const nearest = floor(add(value, rational(1n, 2n)));
  return isNear(add(value, rational(-nearest))) ? `${nearest}` : null;
}

function isNear({ top, bottom }: Rational): boolean {
  return top ** 2n * 10n ** 14n <= bottom ** 2n;
}

/** As `wholeNumber`, also with commas between thousands. Here the reference rounds towards zero. */
export function wholeNumberWithCommas(text: string, strict: boolean): string | null {
  return wholeNumber(withoutThousands(text, strict), strict, Math.trunc);
}

/**
 * `1,234` without its comma, `12,34` as it is. The reference looks at neighbouring commas one after the other and so misses
 * every second one: it leaves `1234,567890` of 1,234,567,890.
 */
export function withoutThousands(text: string, strict: boolean): string {
  if (!strict) return text.replaceAll(/(?<=\d),(?=\d{3}(?!\d))/g, '');
  let [before, after] = ['', text];
  while (before !== after) [before, after] = [after, after.replaceAll(/(\d),(\d{3})($|\D)/g, '$1$2$3')];
  return after;
}

/** Whether a text looks like a fraction of whole numbers, perhaps with one sign too many behind each. */
export function isFraction(text: string): boolean {
  return /^-?\d+.?\/0*[1-9]\d*.?$/.test(text);
}
