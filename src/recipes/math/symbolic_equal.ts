// Whether two formulas are the same: exactly where algebra decides it, else by their values at fixed points.

import { absolute, type Complex, distance, evaluate } from './complex.ts';
import { compareExactly } from './exact_form.ts';
import { type Expression, hasDecimal, parseExpression, symbolsOf } from './expression.ts';
import { Uncomputable } from './rational.ts';

const MAX_LENGTH = 1000;
const MAX_LETTERS = 2;

/** The rules of the reference for what is worth comparing: few unknowns, and exponents that are small and single. */
const REFUSED = [/\^\d+\^/, /\^\d\d/];
const REFUSED_IF_STRICT = [/\^[{(]/, ...REFUSED];

/** Whether formulas like this one are compared at all. Letters count once, those of `pi` as two, those of `sqrt` not. */
export function shouldAllowEval(text: string, strict: boolean): boolean {
  const letters = new Set(text.replaceAll('sqrt', '').replaceAll('frac', '').match(/\p{L}/gu));
  return letters.size <= MAX_LETTERS && !(strict ? REFUSED_IF_STRICT : REFUSED).some((pattern) => pattern.test(text));
}

/** False also for what is no formula, has no value, or takes too long to compare. */
export function symbolicEqual(truth: string, given: string, strict: boolean): boolean {
  if (truth.length > MAX_LENGTH || given.length > MAX_LENGTH) return false;
  if (!shouldAllowEval(`(${truth})-(${given})`, strict)) return false;
  try {
    const sides = [parseExpression(truth, strict), parseExpression(given, strict)] as const;
    const comparison = compareExactly(...sides, strict);
    if (comparison !== 'unknown') return comparison === 'equal';
    return !sides.some(hasDecimal) && agreeAtPoints(...sides);
  } catch (error) {
    if (error instanceof Uncomputable) return false;
    throw error;
  }
}

const TOLERANCE = 1e-9;
/** Values are compared relative to their size, but no finer than a double can tell after a few operations near 1. */
const SMALLEST_SCALE = 1e-3;
/** Of the points, poles aside. */
const ENOUGH = 3;

function agreeAtPoints(a: Expression, b: Expression): boolean {
  const names = [...new Set([...symbolsOf(a), ...symbolsOf(b)])];
  const compared = POINTS.map((point) => new Map(names.map((name, index) => [name, point(index)])))
    .map((at) => [evaluate(a, at), evaluate(b, at)] as const)
    .filter((values) => values.every((value) => Number.isFinite(absolute(value))));
  return (
    compared.length >= ENOUGH &&
    compared.every(([left, right]) => {
      const scale = Math.max(absolute(left), absolute(right), SMALLEST_SCALE);
      return distance(left, right) <= TOLERANCE * scale;
    })
  );
}

/**
 * Where symbols are looked at, by the number of the symbol: positive, negative, and all around, so that identities that hold
 * for positive numbers alone, such as √(x²) = x, are seen to fail.
 */
const POINTS: ((symbol: number) => Complex)[] = [
  (symbol) => polar(0.7 + 0.6 * symbol, 0),
  (symbol) => polar(1.3 - 0.4 * symbol, Math.PI),
  (symbol) => polar(0.9 + 0.5 * symbol, symbol % 2 === 0 ? Math.PI : 0),
  (symbol) => polar(1.1 + 0.3 * symbol, 2.6 - 0.1 * symbol),
  (symbol) => polar(0.8 + 0.7 * symbol, -2.5 + 0.2 * symbol),
  (symbol) => polar(1.7 - 0.5 * symbol, 1.2 + 0.5 * symbol),
  (symbol) => polar(1.2 + 0.2 * symbol, -0.8 - 0.9 * symbol),
  (symbol) => polar(0.6 + 0.9 * symbol, 0.4 - 1.7 * symbol),
];

function polar(radius: number, angle: number): Complex {
  return {
    re: angle === Math.PI ? -radius : radius * Math.cos(angle),
    im: angle === Math.PI ? 0 : radius * Math.sin(angle),
  };
}
