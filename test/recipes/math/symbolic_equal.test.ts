// Equality of formulas, by algebra and at points.

import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { shouldAllowEval, symbolicEqual } from '../../../src/recipes/math/symbolic_equal.ts';

const both = (a: string, b: string) => [symbolicEqual(a, b, false), symbolicEqual(a, b, true)];

describe('symbolicEqual', () => {
  it.each([
    ['xy', 'yx'],
    ['2(x+1)', '2x+2'],
    ['x(x+1)', 'x^2+x'],
    ['x1', '1x'],
    ['x_1+x_2', 'x_2+x_1'],
    ['1/2x', 'x/2'],
    ['2^3x', '8x'],
    ['-x^2', '-(x^2)'],
    ['2^-x', '1/2^x'],
    ['2**3', '8'],
    ['3!', '6'],
    ['5!!', '15'],
    ['(n+1)!/n!', 'n+1'],
    ['(1/2)!', 'sqrt(pi)/2'],
    ['sqrt(8)', '2sqrt(2)'],
    ['1/(1+sqrt(2))', 'sqrt(2)-1'],
    ['1/(sqrt(x)+1)', '(sqrt(x)-1)/(x-1)'],
    ['sqrt(-4)', '2I'],
    ['I*I', '-1'],
    ['8**(1/3)', '2'],
    ['sqrt(5+2sqrt(6))', 'sqrt(2)+sqrt(3)'],
    ['2^x*3^x', '6^x'],
    ['ln(2)+ln(3)', 'ln(6)'],
    ['1e-3', '0.001'],
    ['0.75', '3/4'],
    ['0.1[6]', '1/6'],
    ['sqrt(0.25)', '1/2'],
    ['0.5*2^x', '2^x/2'],
    ['α', 'α'],
    ['E^2', 'E*E'],
  ])('%s is %s', (a, b) => {
    expect(both(a, b)).toEqual([true, true]);
  });

  it.each([
    ['abc', 'cba'],
    ['0.333333333333333', '1/3'],
    ['sqrt(0.5)', 'sqrt(2)/2'],
    ['x^2.0', 'x^2'],
    ['e', 'E'],
    ['i*i', '-1'],
    ['sqrt(1/x)', '1/sqrt(x)'],
    ['sqrt(-x)', 'I*sqrt(x)'],
    ['(xy)^x', 'x^x*y^x'],
    ['x!', 'x'],
    ['x^x', 'x^x+1'],
    ['sqrt(x+1)+9999999999999', 'sqrt(x+1)+9999999999998'],
    ['1/0', '1/0'],
    ['0^-1', '0^-1'],
    ['0^(0-1/2)', '0^(0-1/2)'],
    ['ln(0)', 'ln(0)'],
    ['(-1)!', '(-1)!'],
    ['3!!!', '3!!!'],
    ['|x|', '|x|'],
    ['x=1', 'x=1'],
    ['1,2', '2,1'],
    ['x*', 'x*'],
    ['(x', '(x'],
    ['', ''],
  ])('%s is not %s', (a, b) => {
    expect(both(a, b)).toEqual([false, false]);
  });

  it.each([
    ['xsqrt(2)', 'sqrt(2)x', false],
    ['pi2', '2pi', false],
    ['xi', 'ix', false],
    ['yn', 'ny', false],
    ['x^(1+1)', 'x^2', false],
    ['xy!', '(xy)!', true],
    ['x+01', 'x', true],
  ])('%s and %s are read by the rules of Python in strict mode alone', (a, b, strict) => {
    expect(both(a, b)).toEqual([!strict, strict]);
  });

  test('a formula is itself, and not one more', () => {
    const leaf = fc.constantFrom('x', 'y', '2', '3', '7', 'sqrt(2)', 'sqrt(x)');
    const { formula } = fc.letrec<{ formula: string }>((tie) => ({
      formula: fc.oneof(
        { maxDepth: 3 },
        leaf,
        fc
          .tuple(tie('formula'), fc.constantFrom('+', '-', '*', '/'), tie('formula'))
          .map((parts) => `(${parts.join('')})`),
        tie('formula').map((of) => `(${of})^2`),
        tie('formula').map((of) => `sqrt(${of}+5)`),
      ),
    }));
    fc.assert(
      fc.property(formula, (text) => {
        // What divides by zero is equal to nothing.
        const [isItself] = both(text, `1+${text}-1`);
        expect(symbolicEqual(text, `${text}+1`, false)).toBe(false);
        if (!text.includes('/')) expect(isItself).toBe(true);
      }),
    );
  });
});

describe('shouldAllowEval', () => {
  it.each([
    ['x+y', true, true],
    ['sqrt(x)+y', true, true],
    ['x+y+z', false, false],
    ['pi*x', false, false],
    ['x^2', true, true],
    ['x^10', false, false],
    ['x^2^3', false, false],
    ['x^(2)', false, true],
    ['x^{2}', false, true],
  ])('of %s is %s by the reference, and %s', (text, reference, ours) => {
    expect([shouldAllowEval(text, true), shouldAllowEval(text, false)]).toEqual([reference, ours]);
  });
});
