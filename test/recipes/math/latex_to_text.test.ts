// The text of LaTeX, as pylatexenc has it: well-formed, unfinished and nonsensical.

import { describe, expect, it } from 'vitest';
import { latexToText, UnreadableLatex } from '../../../src/recipes/math/latex_to_text.ts';

describe('latexToText', () => {
  it.each([
    ['\\frac{a+b}{c}', 'a+b/c'],
    ['7\\dfrac{3}{4}', '7 3/4'],
    ['-\\frac12', '- 1/2'],
    ['\\frac\\pi2', 'pi/2'],
    ['\\frac {1} {2}', '1/2'],
    ['\\sqrt[3]{8}', 'sqrt(8)'],
    ['2\\sqrt 3', '2sqrt(3)'],
    ['2\\times 3\\cdot x', '2*3*x'],
    ['-\\infty', '-inf'],
    ['A \\cup B', 'A UB'],
    ['\\text{a b}c', 'a bc'],
    ['\\textbf{(A)}', '(A)'],
    ['\\operatorname{lcm}(2,3)', 'lcm(2,3)'],
    ['\\foo{3}[4]', '3[4]'],
    ['\\{1,2\\}', '{1,2}'],
    ['\\left(3,4\\right)', '(3,4)'],
    ['10\\,000', '10 000'],
    ['a\\quad b\\!c', 'a  bc'],
    ['x^{10}_{2}', 'x^10_2'],
    ['5^\\circ', '5^∘'],
    ['\\sin x', 'sinx'],
    ['\\log_2 8', 'log_2 8'],
    ['\\alpha \\beta\\Gamma', 'αβΓ'],
    ['a \\ge b \\neq c', 'a ≥b ≠c'],
    ['\\binom{5}{2}', '52'],
    ['\\overline{AB}', 'AB'],
    ['\\hat{x}\\vec v', 'x̂v⃗'],
    ["\\'e", 'é'],
    ['\\mathbf{v}\\mathbb{R}\\mathcal{L}\\mathfrak g', '𝐯ℝℒ𝔤'],
    ['\\mbox{x}\\textcolor{red}{y}', 'y'],
    ["``a''--b", '“a”–b'],
    ["x'", "x'"],
    ['a\\%\\_', 'a%_'],
    ['5 % comment', '5'],
    ['$5$ \\(6\\)', '5 6'],
    ['$\\ln 5$', 'ln 5'],
    ['$2\\cdot x \\frac{1}{2}$', '2* x  1/2'],
    ['\\begin{pmatrix} 1 & 22 \\\\ 333 & 4 \\end{pmatrix}', '[   1  22; 333   4 ]'],
    ['\\begin{array}{cc}1&2\\end{array}', '[ 1 2 ]'],
    ['\\begin{cases}x & y\\\\2\\end{cases}', 'x     y\n2'],
    ['\\begin{align*}x&=1\\\\y&=2\\end{align*}', 'x   =1\n    y   =2'],
  ])('reads %j as %j, like the reference', (latex, text) => {
    expect(latexToText(latex, true)).toBe(text);
  });

  it.each([
    ['{5', '5'],
    ['5}', '5'],
    ['a\\', 'a'],
    ['\\frac{1}', '%s/%s1'],
    ['\\sqrt{', 'sqrt()'],
    ['\\text', ''],
    ['\\begin', '\\begin'],
    ['\\begin{pmatrix}1\\\\2', '[ 1; 2 ]'],
    ['\\end{pmatrix}', ''],
  ])('makes of the unfinished %j %j', (latex, text) => {
    expect(latexToText(latex, true)).toBe(text);
  });

  it.each(['\\sqrt', '\\sqrt[3]', '\\begin{pmatrix}\\end{pmatrix}', '{'.repeat(1000), 'x'.repeat(20_000)])(
    'refuses %j',
    (latex) => {
      expect(() => latexToText(latex, true)).toThrow(UnreadableLatex);
    },
  );

  it.each([
    ['\\frac{x}{2}', 'x/2'],
    ['\\frac{-x}{2}', '-x/2'],
    ['\\frac{x-1}{y^2}', '(x-1)/y^2'],
    ['\\frac{(x+1)}{(y+1)}', '(x+1)/(y+1)'],
    ['\\frac{(a+b)(a-b)}{2}', '((a+b)(a-b))/2'],
    ['\\frac{x}{\\frac{y}{2}}', 'x/(y/2)'],
    ['\\sqrt\\frac12', 'sqrt(1/2)'],
    ['2\\sqrt[3]{5}', '2(5)^(1/3)'],
    ['\\sqrt[2]{5}', 'sqrt(5)'],
    ['2^{2x}', '2^(2x)'],
    ['2^{\\pi}+2^{10}', '2^pi+2^10'],
    ['e^{\\frac{x}{2}}', 'e^(x/2)'],
    ['x \\ne \\sec y', 'x ≠secy'],
  ])('keeps of %j what its braces hold together: %j', (latex, text) => {
    expect(latexToText(latex, false)).toBe(text);
  });
});
