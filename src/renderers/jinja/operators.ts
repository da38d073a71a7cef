// Python's operators between values.

import { TemplateError } from './errors.ts';
import { formatPercent } from './formatting.ts';
import { joinTexts, mapSpans, plain, type Text } from './text.ts';
import {
  compare,
  contains,
  Float,
  isEqual,
  isText,
  List,
  numberOf,
  SafeText,
  Tuple,
  typeName,
  Undefined,
  undefinedError,
  type Value,
} from './values.ts';

/** Far above any prompt. */
const MAX_REPEATED = 2 ** 24;

export function add(left: Value, right: Value): Value {
  if (left instanceof SafeText || right instanceof SafeText)
    return new SafeText(joinTexts([escaped(left), escaped(right)]));
  if (isText(left) && isText(right)) return joinTexts([left, right]);
  if (left instanceof List && right instanceof List) return new List([...left.items, ...right.items]);
  if (left instanceof Tuple && right instanceof Tuple) return new Tuple([...left.items, ...right.items]);
  if (isText(left) && !(right instanceof Undefined))
    throw new TemplateError(`can only concatenate str (not "${typeName(right)}") to str`);
  return arithmetic('+', left, right, (a, b) => a + b);
}

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&#39;', '"': '&#34;' };

/** Text that is added to what the filter `safe` gave. */
function escaped(value: Value): Text {
  if (value instanceof SafeText) return value.text;
  if (!isText(value)) throw new TemplateError(`can only concatenate Markup with str (not "${typeName(value)}")`);
  return mapSpans(value, (part) => part.replace(/[&<>'"]/g, (character) => HTML[character]));
}

export function binary(operator: string, left: Value, right: Value): Value {
  switch (operator) {
    case '+':
      return add(left, right);
    case '-':
      return arithmetic('-', left, right, (a, b) => a - b);
    case '*':
      return multiply(left, right);
    case '/': {
      const quotient = arithmetic('/', left, right, (a, b) => a / nonZero(b), true);
      return quotient;
    }
    case '//':
      return arithmetic('//', left, right, (a, b) => Math.floor(a / nonZero(b)));
    case '%':
      if (isText(left)) return formatPercent(left, right);
      return arithmetic('%', left, right, (a, b) => a - b * Math.floor(a / nonZero(b)));
    case '**': {
      const isNegative = (numberOf(right) ?? 0) < 0;
      return arithmetic('**', left, right, (a, b) => a ** b, isNegative);
    }
    default:
      throw new TemplateError(`unknown operator ${operator}`);
  }
}

function nonZero(divisor: number): number {
  if (divisor === 0) throw new TemplateError('division by zero');
  return divisor;
}

/** An integer where both sides are, unless the operator always makes a float. */
function arithmetic(
  operator: string,
  left: Value,
  right: Value,
  compute: (a: number, b: number) => number,
  alwaysFloat = false,
): number | Float {
  const [a, b] = [numberOf(left), numberOf(right)];
  if (a === null || b === null) {
    for (const value of [left, right]) if (value instanceof Undefined) throw undefinedError(value);
    throw new TemplateError(
      `unsupported operand type(s) for ${operator}: '${typeName(left)}' and '${typeName(right)}'`,
    );
  }
  const result = compute(a, b);
  if (alwaysFloat || left instanceof Float || right instanceof Float) return new Float(result);
  if (!Number.isSafeInteger(result)) throw new TemplateError(`the result of ${operator} is too large`);
  return result === 0 ? 0 : result;
}

function multiply(left: Value, right: Value): Value {
  const [value, times] =
    typeof right === 'number' || typeof right === 'boolean' ? [left, Number(right)] : [right, left];
  if (typeof times === 'number' || typeof times === 'boolean') {
    const count = Math.max(0, Number(times));
    if (isText(value)) return repeatText(value, count);
    if (value instanceof List) return new List(repeat(value.items, count));
    if (value instanceof Tuple) return new Tuple(repeat(value.items, count));
  }
  return arithmetic('*', left, right, (a, b) => a * b);
}

function repeatText(text: Text, count: number): Text {
  checkRepeated(plain(text).length * count);
  return typeof text === 'string' ? text.repeat(count) : joinTexts(repeat([text], count));
}

function repeat<T>(items: readonly T[], count: number): T[] {
  checkRepeated(items.length * count);
  return Array.from({ length: items.length * count }, (_, index) => items[index % items.length]);
}

function checkRepeated(length: number): void {
  if (length > MAX_REPEATED) throw new TemplateError(`it repeats something to a length of ${length}`);
}

export function comparison(operator: string, left: Value, right: Value): boolean {
  switch (operator) {
    case '==':
      return isEqual(left, right);
    case '!=':
      return !isEqual(left, right);
    case 'in':
      return contains(right, left);
    case 'not in':
      return !contains(right, left);
    case '<':
      return compare(left, right, operator) < 0;
    case '<=':
      return compare(left, right, operator) <= 0;
    case '>':
      return compare(left, right, operator) > 0;
    default:
      return compare(left, right, operator) >= 0;
  }
}

export function negate(operator: '-' | '+', value: Value): Value {
  if (value instanceof Undefined) throw undefinedError(value);
  const number = numberOf(value);
  if (number === null) throw new TemplateError(`bad operand type for unary ${operator}: '${typeName(value)}'`);
  const result = operator === '-' && number !== 0 ? -number : number;
  return value instanceof Float ? new Float(operator === '-' ? -number : number) : result;
}
