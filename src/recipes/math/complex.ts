// Values of formulas at points of the complex plane, in double precision. Powers, roots and logarithms are the principal ones.

import type { Expression } from './expression.ts';
import { toNumber } from './rational.ts';

export interface Complex {
  readonly re: number;
  readonly im: number;
}

/** The value where symbols have the values of `at`; not finite where there is none. */
export function evaluate(expression: Expression, at: ReadonlyMap<string, Complex>): Complex {
  switch (expression.kind) {
    case 'number':
      return { re: toNumber(expression.value), im: 0 };
    case 'symbol':
      return at.get(expression.name) ?? NOTHING;
    case 'constant':
      return CONSTANTS[expression.name];
    case 'sum':
      return add(evaluate(expression.left, at), evaluate(expression.right, at));
    case 'product':
      return multiply(evaluate(expression.left, at), evaluate(expression.right, at));
    case 'quotient':
      return divide(evaluate(expression.left, at), evaluate(expression.right, at));
    case 'power':
      return power(evaluate(expression.left, at), evaluate(expression.right, at));
    case 'ln':
      return logarithm(evaluate(expression.of, at));
    case 'factorial':
      return gamma(add(evaluate(expression.of, at), { re: 1, im: 0 }));
    case 'double_factorial':
      return NOTHING;
  }
}

export function distance(a: Complex, b: Complex): number {
  return absolute(subtract(a, b));
}

export function absolute({ re, im }: Complex): number {
  return Math.hypot(re, im);
}

const NOTHING: Complex = { re: Number.NaN, im: Number.NaN };
const CONSTANTS = { pi: { re: Math.PI, im: 0 }, e: { re: Math.E, im: 0 }, i: { re: 0, im: 1 } };

function add(a: Complex, b: Complex): Complex {
  return { re: a.re + b.re, im: a.im + b.im };
}

function subtract(a: Complex, b: Complex): Complex {
  return { re: a.re - b.re, im: a.im - b.im };
}

function multiply(a: Complex, b: Complex): Complex {
  return { re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re };
}

function divide(a: Complex, b: Complex): Complex {
  const size = b.re * b.re + b.im * b.im;
  const product = multiply(a, { re: b.re, im: -b.im });
  return { re: product.re / size, im: product.im / size };
}

function exponential({ re, im }: Complex): Complex {
  const size = Math.exp(re);
  return { re: size * Math.cos(im), im: size * Math.sin(im) };
}

/** Adding 0 makes 0 of -0, so that negative numbers have the angle π, never -π. */
function logarithm(a: Complex): Complex {
  return { re: Math.log(absolute(a)), im: Math.atan2(a.im + 0, a.re) };
}

/** Whole powers are products, which are nearer to the truth than the general formula. */
function power(base: Complex, exponent: Complex): Complex {
  if (exponent.im === 0 && Number.isInteger(exponent.re) && Math.abs(exponent.re) <= 64) {
    const positive = Array.from({ length: Math.abs(exponent.re) }, () => base).reduce(multiply, { re: 1, im: 0 });
    return exponent.re < 0 ? divide({ re: 1, im: 0 }, positive) : positive;
  }
  if (base.re === 0 && base.im === 0) return exponent.re > 0 ? base : NOTHING;
  return exponential(multiply(exponent, logarithm(base)));
}

/** Lanczos' series (g = 7, nine terms), with the reflection formula on the left half of the plane. */
function gamma(z: Complex): Complex {
  if (z.re < 0.5) {
    const turned = multiply({ re: 0, im: Math.PI }, z);
    const [up, down] = [exponential(turned), exponential({ re: -turned.re, im: -turned.im })];
    const sine = divide(subtract(up, down), { re: 0, im: 2 });
    return divide({ re: Math.PI, im: 0 }, multiply(sine, gamma(subtract({ re: 1, im: 0 }, z))));
  }
  const x = subtract(z, { re: 1, im: 0 });
  const series = LANCZOS.reduce<Complex>(
    (sum, coefficient, index) => add(sum, divide({ re: coefficient, im: 0 }, add(x, { re: index + 1, im: 0 }))),
    { re: 0.99999999999980993, im: 0 },
  );
  const t = add(x, { re: 7.5, im: 0 });
  const grown = multiply(power(t, add(x, { re: 0.5, im: 0 })), exponential({ re: -t.re, im: -t.im }));
  return multiply({ re: Math.sqrt(2 * Math.PI), im: 0 }, multiply(grown, series));
}

const LANCZOS = [
  676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];
