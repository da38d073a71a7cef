// The two normal forms that answers are compared in.

import { describe, expect, it } from 'vitest';
import { normalize } from '../../../src/recipes/math/normalize.ts';
import { normalizeAnswer } from '../../../src/recipes/math/normalize_answer.ts';

describe('normalizeAnswer', () => {
  it.each([
    ['  5 ', '5'],
    ['\\text{ Yes }', 'Yes'],
    ['a\nb', 'ab'],
    ['1\\!000', '1000'],
    ['\\\\frac{1}{2}', '\\frac{1}{2}'],
    ['\\dfrac{1}{2}', '\\frac{1}{2}'],
    ['\\left( 1, 2 \\right)', '(1,2)'],
    ['90^{\\circ}', '90'],
    ['90^\\circ', '90'],
    ['\\$5', '5'],
    ['$5$', '$5$'],
    ['5\\%', '5'],
    ['5\\text{ cm}', '5'],
    ['5\\text{ m} \\text{ s}', '5\\text{ m} \\text{ s}'],
    [' .5', '\\frac{1}{2}'],
    ['1 + .5', '1+0.5'],
    ['{.5}', '{0.5}'],
    ['0.50', '0.50'],
    ['x=5', '5'],
    ['x = 5', '5'],
    ['abc=5', 'abc=5'],
    ['x=y=5', 'x=y=5'],
    ['\\sqrt3', '\\sqrt{3}'],
    ['\\sqrt 3', '\\sqrt{}3'],
    ['\\sqrt', '\\sqrt{}'],
    ['2\\sqrt3\\sqrt{5}', '2\\sqrt{3}\\sqrt{5}'],
    ['\\frac12', '\\frac{1}{2}'],
    ['\\frac1{72}', '\\frac{1}{72}'],
    ['\\frac{1}2', '\\frac{1}2'],
    ['\\frac1', '\\frac1'],
    ['\\frac', '\\frac'],
    ['3/4', '\\frac{3}{4}'],
    ['-3/4', '\\frac{-3}{4}'],
    ['01/2', '01/2'],
    ['1/x', '1/x'],
    ['1/2/3', '1/2/3'],
    ['', ''],
  ])('makes of %j %j', (answer, form) => {
    expect(normalizeAnswer(answer)).toBe(form);
  });
});

describe('normalize', () => {
  it.each([
    ['\\text{Hello World}', 'helloworld'],
    ['5\\%', '5'],
    ['$5$', '5'],
    ['1 or 2 and 3', '1,2,3'],
    ['2 million', '2*10^6'],
    ['5 inches', '5'],
    ['3 yards^2', '3'],
    ['10^\\circ', '10'],
    ['{5}', '5'],
    ['{5}{6}', '56'],
    ['11,\\! 111', '11111'],
    ['5.0', '5'],
    ['5e2', '500'],
    ['1_000', '1000'],
    ['0.99999999', '1'],
    ['nan', 'nan'],
    ['inf', 'inf'],
    ['\\sqrt{3}', 'sqrt(3)'],
    ['- 3', '-3'],
    ['7 3/4', '7+3/4'],
    ['3  4', '3+4'],
    ['1,234,567', '1234567'],
    ['1,23', '1,23'],
    ['\\left(3,\\frac{\\pi}{2}\\right)', '(3,pi/2)'],
    ['2^{10}', '2^10'],
    ['\\mathbb{R}', 'ℝ'],
    ['a \\le b', 'a≤b'],
    ['[0,1) \\cup (2,3]', '[0,1)u(2,3]'],
  ])('makes of %j %j', (answer, form) => {
    expect([normalize(answer, false), normalize(answer, true)]).toEqual([form, form]);
  });

  it.each([
    ['Monday', 'mon', 'monday'],
    ['5 kilometers', '5kilo', '5kilometers'],
    ['60 miles per hour', '60per', '60per'],
    ['hour', '', 'hour'],
    ['\\frac{a+b}{2}', 'a+b/2', '(a+b)/2'],
    ['\\frac{1}{2x}', '1/2x', '1/(2x)'],
    ['\\frac{\\sqrt{2}}{\\sqrt{3}}', 'sqrt(2)/sqrt(3)', 'sqrt(2)/sqrt(3)'],
    ['\\sqrt[3]{x+1}', 'sqrt(x+1)', '(x+1)^(1/3)'],
    ['x^{n+1}', 'x^n+1', 'x^(n+1)'],
    ['x^{-1}', 'x^-1', 'x^-1'],
    ['\\binom{n}{2}', 'n2', 'binom(n,2)'],
    ['1.\\overline{36}', '1.36', '1.[36]'],
    ['1,234,567,890', '1,234,567,890', '1234567890'],
    ['12345678901234567891', '12345678901234567168', '12345678901234567891'],
    ['1,000.99999999', '1000', '1001'],
  ])('makes of %j %j in the reference, and %j', (answer, reference, ours) => {
    expect([normalize(answer, true), normalize(answer, false)]).toEqual([reference, ours]);
  });
});
