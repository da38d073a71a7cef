// A formula as a fraction of two polynomials. Two formulas are equal where their difference has the numerator 0; what is no
// such fraction, a logarithm or the root of a sum, goes in as one more unknown.

import { type Expression, hasDecimal } from './expression.ts';
import {
  add,
  constant,
  constantOf,
  generator,
  IMAGINARY,
  isZero,
  multiply,
  onlyTerm,
  type Polynomial,
  power,
  textOf,
  type Work,
} from './polynomial.ts';
import {
  equal,
  isWhole,
  multiply as multiplyRationals,
  negate as negateRational,
  ONE,
  type Rational,
  rational,
  Uncomputable,
} from './rational.ts';

interface Fraction {
  readonly top: Polynomial;
  readonly bottom: Polynomial;
}

/** What two formulas are to each other by algebra alone: 'unknown' where they differ in something opaque to it. */
export type Comparison = 'equal' | 'different' | 'unknown';

const MAX_PRODUCTS = 10_000;
const MAX_FACTORIAL = 100n;
/** Factors up to here are split off a radicand. What is left is prime, unless it has two greater ones. */
const MAX_FACTOR = 10_000n;
/** What the names of generators start with that algebra sees no further into. */
const OPAQUE = '?';
/** Generators that are positive numbers, of which a root is a root of each factor. */
const POSITIVE = /^(?:\d+|pi|e)$/;

/**
 * `strict` leaves odd roots of negative numbers complex, as SymPy does; otherwise they are real, as in school.
 * @throws Uncomputable where a side has no value, or would take too long
 */
export function compareExactly(a: Expression, b: Expression, strict: boolean): Comparison {
  const difference = new ExactForms(strict).difference(a, b);
  if (isZero(difference)) return 'equal';
  const generators = [...difference.values()].flatMap(({ powers }) => [...powers.keys()]);
  return generators.some((name) => name.startsWith(OPAQUE)) ? 'unknown' : 'different';
}

class ExactForms {
  readonly #work: Work = { left: MAX_PRODUCTS };
  readonly #strict: boolean;

  constructor(strict: boolean) {
    this.#strict = strict;
  }

  /** Zero where the formulas are equal; up to a denominator, which is not zero. */
  difference(a: Expression, b: Expression): Polynomial {
    const negative = this.#product(overOne(constant(rational(-1n))), this.#of(b));
    return this.#sum(this.#of(a), negative).top;
  }

  #of(expression: Expression): Fraction {
    switch (expression.kind) {
      case 'number':
        return overOne(constant(expression.value));
      case 'symbol':
        return overOne(generator(`$${expression.name}`));
      case 'constant':
        return overOne(generator(expression.name === 'i' ? IMAGINARY : expression.name));
      case 'sum':
        return this.#sum(this.#of(expression.left), this.#of(expression.right));
      case 'product':
        return this.#product(this.#of(expression.left), this.#of(expression.right));
      case 'quotient':
        return this.#product(this.#of(expression.left), this.#inverse(this.#of(expression.right)));
      case 'power':
        return this.#powerOf(expression.left, expression.right);
      case 'ln':
        return this.#logarithm(expression.of);
      case 'factorial':
        return this.#factorial(expression.of, 1n, 'factorial');
      case 'double_factorial':
        return this.#factorial(expression.of, 2n, 'double factorial');
    }
  }

  #sum(a: Fraction, b: Fraction): Fraction {
    if (textOf(a.bottom) === textOf(b.bottom)) {
      return { top: add(a.top, b.top, this.#work), bottom: a.bottom };
    }
    const tops = [multiply(a.top, b.bottom, this.#work), multiply(b.top, a.bottom, this.#work)] as const;
    return { top: add(...tops, this.#work), bottom: multiply(a.bottom, b.bottom, this.#work) };
  }

  #product(a: Fraction, b: Fraction): Fraction {
    return { top: multiply(a.top, b.top, this.#work), bottom: multiply(a.bottom, b.bottom, this.#work) };
  }

  /** A single term is divided by exactly, and needs no denominator. */
  #inverse({ top, bottom }: Fraction): Fraction {
    if (isZero(top)) throw new Uncomputable('division by zero');
    const term = onlyTerm(top);
    if (term === null) return { top: bottom, bottom: top };
    const inverse = [...term.powers].reduce(
      (product, [name, exponent]) => multiply(product, generator(name, negateRational(exponent)), this.#work),
      constant(rational(term.coefficient.bottom, term.coefficient.top)),
    );
    return overOne(multiply(bottom, inverse, this.#work));
  }

  #powerOf(left: Expression, right: Expression): Fraction {
    const [base, power] = [this.#of(left), this.#of(right)];
    const [number, exponent] = [numberOf(base), numberOf(power)];
    if (exponent !== null) {
      if (isZero(base.top) && exponent.top < 0n) throw new Uncomputable('division by zero');
      if (isWhole(exponent) && (number !== null || !hasDecimal(right))) return this.#wholePower(base, exponent.top);
      const root = this.#root(base, exponent);
      // Of decimals, only roots that are fractions again have an exact value.
      const isExact = !(hasDecimal(left) || hasDecimal(right)) || (root !== null && constantOf(root) !== null);
      if (root !== null && isExact) return overOne(root);
    }
    return this.#opaque(`(${textOfFraction(base)})^(${textOfFraction(power)})`, [left, right]);
  }

  #wholePower(base: Fraction, exponent: bigint): Fraction {
    if (exponent < 0n) return this.#wholePower(this.#inverse(base), -exponent);
    return { top: power(base.top, exponent, this.#work), bottom: power(base.bottom, exponent, this.#work) };
  }

  /** A power that is no whole one, as a term; null where it is none on all of the complex plane. */
  #root({ top, bottom }: Fraction, exponent: Rational): Polynomial | null {
    const term = onlyTerm(top);
    if (isZero(top) && exponent.top > 0n) return top;
    const divisor = constantOf(bottom);
    if (term === null || divisor === null) return null;
    const coefficient = multiplyRationals(term.coefficient, rational(divisor.bottom, divisor.top));
    const symbols = [...term.powers.keys()].filter((name) => !POSITIVE.test(name));
    const isNegative = coefficient.top < 0n;
    if (symbols.length > (isNegative ? 0 : 1)) return null;
    let root = this.#rootOfNumber(isNegative ? negateRational(coefficient) : coefficient, exponent);
    if (isNegative) {
      const sign = this.#rootOfMinusOne(exponent);
      if (sign === null) return null;
      root = multiply(root, sign, this.#work);
    }
    for (const [name, inner] of term.powers) {
      if (!POSITIVE.test(name) && !isPrincipal(name, inner)) return null;
      root = multiply(root, generator(name, multiplyRationals(inner, exponent)), this.#work);
    }
    return root;
  }

  #rootOfMinusOne({ top, bottom }: Rational): Polynomial | null {
    if (bottom === 2n) return generator(IMAGINARY, rational(top));
    if (this.#strict || bottom % 2n === 0n) return null;
    return constant(top % 2n === 0n ? ONE : rational(-1n));
  }

  /** Of a positive number, by its prime factors. */
  #rootOfNumber({ top, bottom }: Rational, exponent: Rational): Polynomial {
    const parts = [...factors(top), ...factors(bottom).map(([factor, count]) => [factor, -count] as const)];
    return parts.reduce((product, [factor, count]) => {
      const root = generator(`${factor}`, multiplyRationals(rational(count), exponent));
      return multiply(product, root, this.#work);
    }, constant(ONE));
  }

  #factorial(of: Expression, step: bigint, name: string): Fraction {
    const argument = this.#of(of);
    const number = numberOf(argument);
    if (number === null || !isWhole(number) || hasDecimal(of)) {
      return this.#opaque(`${name}(${textOfFraction(argument)})`, [of]);
    }
    if (number.top < 0n || number.top > MAX_FACTORIAL) throw new Uncomputable('a factorial of no sensible number');
    let product = ONE;
    for (let factor = number.top; factor > 1n; factor -= step) product = multiplyRationals(product, rational(factor));
    return overOne(constant(product));
  }

  #logarithm(of: Expression): Fraction {
    const argument = this.#of(of);
    if (isZero(argument.top)) throw new Uncomputable('the logarithm of zero');
    return this.#opaque(`ln(${textOfFraction(argument)})`, [of]);
  }

  /** Decimals are told from fractions here, since a float under a root is no exact number to SymPy. */
  #opaque(text: string, parts: Expression[]): Fraction {
    return overOne(generator(`${OPAQUE}${text}${parts.some(hasDecimal) ? '~' : ''}`));
  }
}

function overOne(top: Polynomial): Fraction {
  return { top, bottom: constant(ONE) };
}

function numberOf({ top, bottom }: Fraction): Rational | null {
  const [number, divisor] = [constantOf(top), constantOf(bottom)];
  if (number === null || divisor === null) return null;
  return multiplyRationals(number, rational(divisor.bottom, divisor.top));
}

function textOfFraction({ top, bottom }: Fraction): string {
  return `${textOf(top)} / ${textOf(bottom)}`;
}

/** Whether (x^inner)^r = x^(inner·r) for every complex x: the angle of x^inner is then within half a turn. */
function isPrincipal(name: string, inner: Rational): boolean {
  return name !== IMAGINARY && inner.top * -1n < inner.bottom && (inner.top < inner.bottom || equal(inner, ONE));
}

/** Prime factors and how often they occur. What has none below a bound is left as it is. */
function factors(value: bigint): [bigint, bigint][] {
  const found: [bigint, bigint][] = [];
  let left = value;
  for (let factor = 2n; factor < MAX_FACTOR && factor * factor <= left; factor += factor === 2n ? 1n : 2n) {
    let count = 0n;
    while (left % factor === 0n) {
      left /= factor;
      count += 1n;
    }
    if (count > 0n) found.push([factor, count]);
  }
  return left === 1n ? found : [...found, [left, 1n]];
}
