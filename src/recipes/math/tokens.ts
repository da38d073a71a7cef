// The words of a formula: numbers, letters, functions and operators, with the splits that turn `2xy` into 2, x and y.

import { add, multiply, parseDecimal, power, type Rational, rational, Uncomputable } from './rational.ts';

export type Token =
  /** A decimal is written with a point or an exponent. */
  | { kind: 'number'; value: Rational; isDecimal: boolean }
  | { kind: 'symbol'; name: string }
  | { kind: 'constant'; name: 'pi' | 'e' | 'i' }
  | { kind: 'function'; name: 'sqrt' | 'ln' }
  | { kind: '+' | '-' | '*' | '/' | '^' | '!' | '!!' | '(' | ')' };

const OPERATORS = ['**', '!!', '+', '-', '*', '/', '^', '!', '(', ')'] as const;

const NUMBER = /(\d+\.\d*|\.\d+)(?:\[(\d+)\]|([eE][+-]?\d+))?|\d+[eE][+-]?\d+/y;
const INTEGER = /\d+/y;
/** To Python, a number has no zeros in front: `012` is 0 and then 12. */
const PYTHON_INTEGER = /0+|[1-9]\d*/y;
const PYTHON_NAME = /[\p{L}_][\p{L}\p{Nd}_]*/uy;
/** A letter, perhaps with a subscript. */
const LETTER = /(?:sqrt|ln|pi|\p{L}(?:_(?:\d+|\p{L}))?)/uy;
const SPACE = /\s+/y;

/** Names of Greek letters are not taken apart. Longer ones have too many letters to be compared at all. */
const GREEK_NAMES = new Set(['mu', 'nu', 'xi']);
/** Names that mean to SymPy or Python what is no number. Again, longer ones do not matter. */
const OTHER_NAMES = new Set(
  `Add CC Ci E1 EX Ei Eq FF FU GF Ge Gt Id LC LM LT Le Li Lt N Ne O Or Q QQ QQ_I RR S Si ZZ ZZ_I all as
  csc eye ff fft frac fu gff hn1 id if im in is jn li nan ntt oo or re rf yn zoo`.split(/\s+/),
);

/**
 * What `text` is made of. `strict` reads names as the Python reference does, which takes `xsqrt` for seven letters.
 * @throws Uncomputable at what is no part of a formula
 */
export function tokensOf(text: string, strict: boolean): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const read = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };
  while (at < text.length) {
    if (read(SPACE) !== null) continue;
    const operator = OPERATORS.find((each) => text.startsWith(each, at));
    if (operator !== undefined) {
      at += operator.length;
      tokens.push({ kind: operator === '**' ? '^' : operator });
      continue;
    }
    const decimal = read(NUMBER);
    const integer = decimal === null ? read(strict ? PYTHON_INTEGER : INTEGER) : null;
    if (decimal !== null) {
      tokens.push({ kind: 'number', value: decimalValue(decimal), isDecimal: decimal[2] === undefined });
    } else if (integer !== null) {
      tokens.push(integerToken(integer[0]));
    } else {
      const name = read(strict ? PYTHON_NAME : LETTER)?.[0];
      if (name === undefined) throw new Uncomputable('no part of a formula');
      tokens.push(...(strict ? pythonName(name, text[at] === '!') : [word(name)]));
    }
  }
  return tokens;
}

/** `0.1[6]` repeats what is in the brackets. */
function decimalValue([text, digits, repeated]: RegExpExecArray): Rational {
  const value = parseDecimal(repeated === undefined ? text : digits);
  const period = repeated === undefined ? null : parseDecimal(repeated);
  if (value === null) throw new Uncomputable('the number is too long');
  if (period === null) return value;
  const places = BigInt(digits.length - digits.indexOf('.') - 1);
  const tenths = rational(1n, power(rational(10n), places).top);
  const nines = power(rational(10n), BigInt(repeated.length)).top - 1n;
  return add(value, multiply(tenths, multiply(period, rational(1n, nines))));
}

function integerToken(digits: string): Token {
  const value = parseDecimal(digits);
  if (value === null) throw new Uncomputable('the number is too long');
  return { kind: 'number', value, isDecimal: false };
}

function word(name: string): Token {
  switch (name) {
    case 'sqrt':
    case 'ln':
      return { kind: 'function', name };
    case 'pi':
      return { kind: 'constant', name };
    // Capitals are SymPy's numbers; `e` and `i` are letters like any.
    case 'E':
      return { kind: 'constant', name: 'e' };
    case 'I':
      return { kind: 'constant', name: 'i' };
    default:
      return { kind: 'symbol', name };
  }
}

/** A name as SymPy splits it: a known one is itself, a subscript holds it together, others are letters and numbers in a row. */
function pythonName(name: string, beforeFactorial: boolean): Token[] {
  if (OTHER_NAMES.has(name)) throw new Uncomputable('the name of no number');
  const token = word(name);
  if (token.kind !== 'symbol' || name.includes('_') || GREEK_NAMES.has(name.toLowerCase())) return [token];
  const parts = (name.match(/\d+|\D/gu) ?? []).map((part) => {
    if (OTHER_NAMES.has(part)) throw new Uncomputable('the name of no number');
    return /\d/.test(part) ? integerToken(part) : word(part);
  });
  // A factorial is taken of the whole name, where a power is one of its last letter alone.
  return beforeFactorial ? [{ kind: '(' }, ...parts, { kind: ')' }] : parts;
}
