// Sums of terms such as 3/2·x²·√2·pi, kept so that equal sums have equal terms: exact algebra for what answers are made of.
//
// A term is a rational number times generators to rational powers. Generators are symbols, pi, e and i, and whole numbers
// without square factors, whose powers between 0 and 1 are roots: √12 is 2·(3^1/2). Roots of primes, pi and e are linearly
// independent over the rationals, so a sum is zero only when it has no terms.

import {
  add as addRationals,
  equal,
  floor,
  isWhole,
  multiply as multiplyRationals,
  negate as negateRational,
  ONE,
  power as powerOfRational,
  type Rational,
  rational,
  toText,
  Uncomputable,
  ZERO,
} from './rational.ts';

export interface Term {
  readonly coefficient: Rational;
  /** By generator, without zeros. */
  readonly powers: ReadonlyMap<string, Rational>;
}

/** By the text of what stands beside the coefficient. */
export type Polynomial = ReadonlyMap<string, Term>;

/** The generator whose square is -1. */
export const IMAGINARY = 'i²=-1';

/** How many products of two terms a comparison may still make. Shared by all of its operations. */
export interface Work {
  left: number;
}

export function constant(value: Rational): Polynomial {
  return ofTerms([{ coefficient: value, powers: new Map() }]);
}

/** A symbol or a root: `generator('3', 1/2)` is √3. */
export function generator(name: string, exponent = ONE): Polynomial {
  return ofTerms([reduced(ONE, new Map([[name, exponent]]))]);
}

export function isZero(polynomial: Polynomial): boolean {
  return polynomial.size === 0;
}

/** The only term of a polynomial that has one. */
export function onlyTerm(polynomial: Polynomial): Term | null {
  const [term] = polynomial.values();
  return polynomial.size === 1 ? term : null;
}

/** The number that a polynomial is, null where it is more. */
export function constantOf(polynomial: Polynomial): Rational | null {
  const term = onlyTerm(polynomial);
  if (isZero(polynomial)) return ZERO;
  return term !== null && term.powers.size === 0 ? term.coefficient : null;
}

export function add(a: Polynomial, b: Polynomial, work: Work): Polynomial {
  spend(work, a.size + b.size);
  return ofTerms([...a.values(), ...b.values()]);
}

export function multiply(a: Polynomial, b: Polynomial, work: Work): Polynomial {
  spend(work, a.size * b.size);
  return ofTerms([...a.values()].flatMap((left) => [...b.values()].map((right) => multiplyTerms(left, right))));
}

/** To a whole power that is not negative. */
export function power(base: Polynomial, exponent: bigint, work: Work): Polynomial {
  let result = constant(ONE);
  for (let left = exponent, square = base; left > 0n; left /= 2n) {
    if (left % 2n === 1n) result = multiply(result, square, work);
    if (left > 1n) square = multiply(square, square, work);
  }
  return result;
}

/** The same text for equal polynomials. */
export function textOf(polynomial: Polynomial): string {
  return [...polynomial]
    .map(([text, { coefficient }]) => `${toText(coefficient)}*${text}`)
    .sort()
    .join('+');
}

/** A term whose generators have every power that they can: 2^(3/2) is 2·2^(1/2). */
function reduced(coefficient: Rational, powers: ReadonlyMap<string, Rational>): Term {
  let factor = coefficient;
  const rest = new Map<string, Rational>();
  for (const [name, exponent] of powers) {
    let left = exponent;
    if (/^\d+$/.test(name)) {
      const whole = floor(exponent);
      factor = multiplyRationals(factor, powerOfRational(rational(BigInt(name)), whole));
      left = addRationals(exponent, rational(-whole));
    } else if (name === IMAGINARY && isWhole(exponent)) {
      const quarters = ((exponent.top % 4n) + 4n) % 4n;
      if (quarters >= 2n) factor = negateRational(factor);
      left = rational(quarters % 2n);
    }
    if (!equal(left, ZERO)) rest.set(name, left);
  }
  return { coefficient: factor, powers: rest };
}

function multiplyTerms(a: Term, b: Term): Term {
  const powers = new Map(a.powers);
  for (const [name, exponent] of b.powers) powers.set(name, addRationals(powers.get(name) ?? ZERO, exponent));
  return reduced(multiplyRationals(a.coefficient, b.coefficient), powers);
}

function ofTerms(terms: readonly Term[]): Polynomial {
  const sum = new Map<string, Term>();
  for (const { coefficient, powers } of terms) {
    const text = [...powers]
      .map(([name, exponent]) => `${name}^${toText(exponent)}`)
      .sort()
      .join('*');
    const total = addRationals(sum.get(text)?.coefficient ?? ZERO, coefficient);
    if (equal(total, ZERO)) sum.delete(text);
    else sum.set(text, { coefficient: total, powers });
  }
  return sum;
}

function spend(work: Work, products: number): void {
  work.left -= products;
  if (work.left < 0) throw new Uncomputable('too much to expand');
}
