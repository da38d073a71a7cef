// Which answers are right: rows of given and truth, in the reference's reading and in ours, and what no answer may do.

import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { gradeAnswer } from '../../../src/index.ts';

/** `given ; truth`, one a line. */
function rows(text: string): [string, string][] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(' ; '))
    .map(([given, truth]) => [given, truth]);
}

const RIGHT = rows(String.raw`
  42 ; 42
  42.0 ; 42
  1,234 ; 1234
  1,234,567 ; 1234567
  $18 ; 18
  50\% ; 50
  .5 ; 0.5
  +5 ; 5
  - 5 ; -5
  -0 ; 0
  5. ; 5
  1e3 ; 1000
  6.02e23 ; 602000000000000000000000
  1000.0000000001 ; 1000
  11,\! 111 ; 11111
  1{,}000 ; 1000
  1/2 ; \frac12
  0.5 ; \frac{1}{2}
  3/4 ; 0.75
  \dfrac{3}{4} ; \frac34
  5/6 ; 1/2+1/3
  \frac{-1}{2} ; -\frac{1}{2}
  7 3/4 ; \frac{31}{4}
  7\frac{3}{4} ; 31/4
  \sqrt{12} ; 2\sqrt{3}
  2\sqrt3 ; 2\sqrt{3}
  \frac{\sqrt{2}}{2} ; \frac{1}{\sqrt{2}}
  \sqrt{3+2\sqrt{2}} ; 1+\sqrt{2}
  (1, 2) ; (1,2)
  (0.5, 3) ; \left(\frac{1}{2},3\right)
  [1.5,2] ; [3/2,2]
  (3,\frac{\pi}{2}) ; (3,\pi/2)
  (-\infty,2) ; (-\infty, 2)
  [0,1) \cup (2,3] ; [0,1)\cup(2,3]
  1 and 2 ; 1,2
  \{1,2\} ; \{1, 2\}
  x=5 ; 5
  y=2x+3 ; 2x+3
  x^2+2x+1 ; (x+1)^2
  (x+1)(x-1) ; x^2-1
  (x^2-1)/(x-1) ; x+1
  x^{10} ; x^10
  xy ; yx
  4i+3 ; 3+4i
  2^n\cdot2^n ; 4^n
  2\pi ; 2*pi
  0.5\pi ; \frac{\pi}{2}
  \frac{1}{2}x ; x/2
  3.5*x ; 7x/2
  \ln(8) ; 3\ln(2)
  n!\cdot n ; n\cdot n!
  \text{Yes} ; yes
  \textbf{(A)} ; A
  10^\circ ; 10
  10 degrees ; 10
  5\text{ cm} ; 5
  5cm^2 ; 5
  3 \text{ m}^2 ; 3
  \boxed{5} ; 5
  \begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix} ; \begin{pmatrix}1&2\\3&4\end{pmatrix}
`);

const WRONG = rows(String.raw`
  5.1 ; 5
  12,34 ; 1234
  18 dollars ; 18
  \frac{2}{4} ; \frac{1}{2}
  4/2 ; 2
  2^{10} ; 1024
  \sqrt{4} ; 2
  \sqrt[3]{8} ; 2
  2 \cdot 3 ; 6
  2 million ; 2000000
  0.3333 ; 1/3
  2pi ; 6.283185307179586
  10% ; 0.1
  i^2 ; -1
  5! ; 120
  -\frac{7}{3} ; -2\frac{1}{3}
  (1,2) ; [1,2]
  (1,2) ; (2,1)
  1,2 ; (1,2)
  (1,2,3) ; (1,2)
  \{1,2\} ; \{2,1\}
  abc=5 ; 5
  a+b+c ; c+b+a
  2\pi x ; x 2\pi
  \sqrt{x^2} ; x
  \sqrt{x}\sqrt{y} ; \sqrt{xy}
  \ln(n^2) ; 2\ln(n)
  1/0 ; 2/0
  x/0 ; x/0+1
  The answer is 5 ; 5
  -1 ; −1
`);

/** Where the reference errs: what it says, and what is so. */
const MENDED: [given: string, truth: string, reference: boolean][] = [
  ...rows(String.raw`
    Monday ; mon
    hour ; minute
    \frac{a+b}{2} ; a+\frac{b}{2}
    \frac{1}{2x} ; \frac{1}{2}x
    \sqrt{8} ; \sqrt[3]{8}
    x^{a+b} ; x^a+b
    \binom{5}{2} ; 52
    \sec x ; x
    0.\overline{3} ; 0.3
    12345678901234567890 ; 12345678901234567891
  `).map(([given, truth]): [string, string, boolean] => [given, truth, true]),
  ['', '', true],
  ['$', '\\%', true],
  ...rows(String.raw`
    \frac{a+b}{2} ; (a+b)/2
    \frac{1+\sqrt{5}}{2} ; (\sqrt5+1)/2
    \frac{x^2-1}{x-1} ; x+1
    \sqrt[3]{16} ; 2\sqrt[3]{2}
    \sqrt[3]{-2} ; -\sqrt[3]{2}
    x\sqrt{2} ; \sqrt{2}x
    1,234,567,890 ; 1234567890
    (\frac{x+1}{2}, \sqrt{4x}) ; (\frac{1+x}{2},2\sqrt{x})
    0.1\overline{6} ; 1/6
    days ; Days
  `).map(([given, truth]): [string, string, boolean] => [given, truth, false]),
];

describe('gradeAnswer', () => {
  it.each(RIGHT)('takes %s for %s', (given, truth) => {
    expect([gradeAnswer(given, truth), gradeAnswer(given, truth, { strictReference: true })]).toEqual([true, true]);
  });

  it.each(WRONG)('does not take %s for %s', (given, truth) => {
    expect([gradeAnswer(given, truth), gradeAnswer(given, truth, { strictReference: true })]).toEqual([false, false]);
  });

  it.each(MENDED)('%s for %s is %s to the reference alone', (given, truth, reference) => {
    expect(gradeAnswer(given, truth, { strictReference: true })).toBe(reference);
    expect(gradeAnswer(given, truth)).toBe(!reference);
  });

  it('takes no answer for wrong', () => {
    expect(gradeAnswer(null, '5')).toBe(false);
    expect(gradeAnswer('', '5')).toBe(false);
  });

  it('compares decimals exactly, where the reference has the rests of floats', () => {
    expect(gradeAnswer('0.1+0.2', '0.3', { strictReference: true })).toBe(true);
  });
});

describe('an answer of any kind', () => {
  const signs = String.raw`\frac \sqrt \sqrt[ \text{ \pi \left( ^{ { } ( ) [ ] , . + - * / ^ ! 0 1 2 9 x y e pi sqrt( ln = $ % or day`;
  const answer = fc
    .array(fc.constantFrom(' ', '\n', '\\', '\\\\', '&', '\\begin{pmatrix}', '\\end{pmatrix}', ...signs.split(' ')))
    .map((parts) => parts.join(''));
  const strict = fc.boolean();

  test('is graded without an error, whichever side it is on', () => {
    fc.assert(
      fc.property(answer, answer, strict, (a, b, strictReference) => {
        expect(gradeAnswer(a, b, { strictReference })).toBe(gradeAnswer(b, a, { strictReference }));
      }),
    );
  });

  test('is its own truth, unless nothing is left of it', () => {
    fc.assert(fc.property(answer, (text) => gradeAnswer(`1${text}`, `1${text}`)));
  });
});

const HOSTILE: Record<string, string> = {
  letters: 'x'.repeat(100_000),
  digits: '9'.repeat(100_000),
  thousands: `1${',111'.repeat(25_000)}`,
  parentheses: '('.repeat(10_000) + ')'.repeat(10_000),
  braces: '{'.repeat(50_000) + '}'.repeat(50_000),
  minuses: '-'.repeat(100_000),
  'towers of powers': '9^9^9^9',
  "Python's towers": '9**9**9**9',
  factorials: '(((9!)!)!)!',
  'far exponents': '1e999999999',
  'unfinished fractions': '\\frac{'.repeat(1000),
  'fractions in a row': '\\frac'.repeat(1000),
  'fractions in fractions': '\\frac{1}{'.repeat(1000),
  'open roots': '\\sqrt['.repeat(1000),
  'rows without end': '\\\\['.repeat(30_000),
  matrices: '\\begin{pmatrix}'.repeat(600),
  'long sums of powers': Array.from({ length: 60 }, (_, index) => `(x+y+${index})^9`).join('*'),
  'many denominators': Array.from({ length: 120 }, (_, index) => `1/(x+${index})`).join('+'),
  'many roots': `(${Array.from({ length: 12 }, (_, index) => `sqrt(${index ** 3 + 7})`).join('+')})^9`,
  'towers of letters': `${'x^'.repeat(90)}x`,
  'factorials in factorials': `${'('.repeat(90)}x${'!)'.repeat(90)}`,
  'roots in roots': `${'sqrt(1+'.repeat(90)}x${')'.repeat(90)}`,
  'a great prime': 'sqrt(99999999999999999999999977)',
};

describe('a hostile answer', () => {
  it.each(Object.entries(HOSTILE))('of %s is wrong', (_name, given) => {
    for (const strictReference of [false, true]) {
      expect(gradeAnswer(given, 'x+sqrt(2)', { strictReference })).toBe(false);
      expect(gradeAnswer(`${given}+1`, `sqrt(2)+${given}`, { strictReference })).toBe(false);
    }
  });
});

describe('numbers and polynomials', () => {
  const whole = fc.integer({ min: -50, max: 50 });
  const digit = fc.integer({ min: 1, max: 9 });

  test('are equal in every form, and to nothing else', () => {
    fc.assert(
      fc.property(digit, whole, digit, whole, whole, (a, b, c, d, e) => {
        const product = `(${a}x+${b})(${c}x+${d})`;
        const sum = `${a * c}x^2+${a * d + b * c}x+${b * d}`;
        expect(gradeAnswer(product, sum)).toBe(true);
        expect(gradeAnswer(product, `${sum}+${e}`)).toBe(e === 0);
      }),
    );
  });

  test('decimals are the fractions that they are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999 }), (thousandths) => {
        fc.pre(thousandths % 10 !== 0);
        const truth = `\\frac{${thousandths}}{1000}`;
        expect(gradeAnswer(`${thousandths / 1000}`, truth)).toBe(true);
        expect(gradeAnswer(`${(thousandths + 0.001) / 1000}`, truth)).toBe(false);
      }),
    );
  });

  test('square factors come out of roots', () => {
    fc.assert(
      fc.property(digit, fc.constantFrom(2, 3, 5, 6, 7, 10), (factor, radicand) => {
        const inside = `\\sqrt{${factor * factor * radicand}}`;
        expect(gradeAnswer(inside, `${factor}\\sqrt{${radicand}}`)).toBe(true);
        expect(gradeAnswer(inside, `${factor + 1}\\sqrt{${radicand}}`)).toBe(false);
      }),
    );
  });
});
