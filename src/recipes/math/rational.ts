// Exact fractions of whole numbers. They stay small: what would not is refused, so that no answer can buy hours of work.

/** An expression that has no value, such as 1/0, or whose value costs too much to find. */
export class Uncomputable extends Error {}

/** In lowest terms; the denominator is positive. */
export interface Rational {
  readonly top: bigint;
  readonly bottom: bigint;
}

/** All of them fit a double's range, and a greatest common divisor takes microseconds. */
const MAX_BITS = 1000;
const LIMIT = 1n << BigInt(MAX_BITS);
/** Decimals with more digits and zeros than this are no answers to anything. */
const MAX_DECIMAL_DIGITS = 300;

export function rational(top: bigint, bottom = 1n): Rational {
  if (bottom === 0n) throw new Uncomputable('division by zero');
  const sign = bottom < 0n ? -1n : 1n;
  const divisor = sign * greatestCommonDivisor(top, bottom);
  const reduced = { top: top / divisor, bottom: bottom / divisor };
  if (magnitude(reduced.top) >= LIMIT || reduced.bottom >= LIMIT) throw new Uncomputable('the numbers grow too large');
  return reduced;
}

export const ZERO = rational(0n);
export const ONE = rational(1n);

/** `-1.5e3`, `.5`, `5.` as they are written; null for what is no decimal, or none of a sensible size. */
export function parseDecimal(text: string): Rational | null {
  if (text.length > MAX_DECIMAL_DIGITS) return null;
  const match = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) return null;
  const [, sign, whole, fraction, exponentText = '0'] = match;
  if (whole + fraction === '') return null;
  const exponent = Number(exponentText);
  if (Math.abs(exponent) + text.length > MAX_DECIMAL_DIGITS) return null;
  const digits = BigInt(whole + fraction) * (sign === '-' ? -1n : 1n);
  const shift = exponent - fraction.length;
  return shift < 0 ? rational(digits, 10n ** BigInt(-shift)) : rational(digits * 10n ** BigInt(shift));
}

export function add(a: Rational, b: Rational): Rational {
  return rational(a.top * b.bottom + b.top * a.bottom, a.bottom * b.bottom);
}

export function multiply(a: Rational, b: Rational): Rational {
  return rational(a.top * b.top, a.bottom * b.bottom);
}

export function negate({ top, bottom }: Rational): Rational {
  return { top: -top, bottom };
}

/** To a whole power. */
export function power(base: Rational, exponent: bigint): Rational {
  if (exponent < 0n) return power(rational(base.bottom, base.top), -exponent);
  const bits = BigInt(Math.max(magnitude(base.top).toString(2).length, base.bottom.toString(2).length) - 1);
  if (bits * exponent > BigInt(MAX_BITS)) throw new Uncomputable('the power is too large');
  // What is left is -1, 0 or 1 to any power, and others to a power of a few thousand.
  if (bits === 0n) return exponent === 0n || (exponent % 2n === 0n && base.top !== 0n) ? ONE : base;
  return rational(base.top ** exponent, base.bottom ** exponent);
}

/** The greatest whole number that is not above it. */
export function floor({ top, bottom }: Rational): bigint {
  return top >= 0n || top % bottom === 0n ? top / bottom : top / bottom - 1n;
}

export function isWhole({ bottom }: Rational): boolean {
  return bottom === 1n;
}

export function equal(a: Rational, b: Rational): boolean {
  return a.top === b.top && a.bottom === b.bottom;
}

export function toText({ top, bottom }: Rational): string {
  return bottom === 1n ? `${top}` : `${top}/${bottom}`;
}

export function toNumber({ top, bottom }: Rational): number {
  return Number(top) / Number(bottom);
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  let [larger, smaller] = [magnitude(a), magnitude(b)];
  while (smaller !== 0n) [larger, smaller] = [smaller, larger % smaller];
  return larger;
}
