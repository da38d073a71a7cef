// The tests of Python's jinja2: what stands after `is`.

import { TemplateError } from './errors.ts';
import { plain } from './text.ts';
import {
  Attributes,
  type Call,
  Callable,
  compare,
  contains,
  Dict,
  Float,
  isEqual,
  isText,
  List,
  numberOf,
  SafeText,
  Tuple,
  Undefined,
  type Value,
  View,
} from './values.ts';

export type Test = (value: Value, call: Call) => boolean;

function withOne(name: string, holds: (value: Value, other: Value) => boolean): Test {
  return (value, { positional: [other], named }) => {
    if (other === undefined || named.size > 0) throw new TemplateError(`the test "${name}" takes one argument`);
    return holds(value, other);
  };
}

function remainder(value: Value, by: number): number {
  const number = numberOf(value);
  if (number === null) throw new TemplateError('a test of divisibility needs a number');
  return ((number % by) + by) % by;
}

const isInteger = (value: Value): boolean => typeof value === 'number' || typeof value === 'bigint';
const isSequence = (value: Value): boolean =>
  isText(value) ||
  value instanceof Undefined ||
  value instanceof List ||
  value instanceof Tuple ||
  value instanceof Dict ||
  (value instanceof View && value.name === 'range');
const isIterable = (value: Value): boolean =>
  isSequence(value) ||
  (typeof value === 'object' &&
    value !== null &&
    !(value instanceof Float) &&
    !(value instanceof Callable) &&
    !(value instanceof Attributes));
const cased = (value: Value, same: (text: string) => string): boolean => {
  const text = isText(value) ? plain(value) : '';
  return text.toLowerCase() !== text.toUpperCase() && same(text) === text;
};

const equal = withOne('eq', isEqual);
const unequal = withOne('ne', (value, other) => !isEqual(value, other));
const less = withOne('lt', (value, other) => compare(value, other, '<') < 0);
const lessOrEqual = withOne('le', (value, other) => compare(value, other, '<=') <= 0);
const greater = withOne('gt', (value, other) => compare(value, other, '>') > 0);
const greaterOrEqual = withOne('ge', (value, other) => compare(value, other, '>=') >= 0);

const TESTS: ReadonlyMap<string, Test> = new Map<string, Test>([
  ['boolean', (value) => typeof value === 'boolean'],
  ['callable', (value) => value instanceof Callable],
  ['defined', (value) => !(value instanceof Undefined)],
  ['undefined', (value) => value instanceof Undefined],
  ['none', (value) => value === null],
  ['true', (value) => value === true],
  ['false', (value) => value === false],
  ['integer', isInteger],
  ['float', (value) => value instanceof Float],
  ['number', (value) => isInteger(value) || value instanceof Float || typeof value === 'boolean'],
  ['string', (value) => isText(value) || value instanceof SafeText],
  ['mapping', (value) => value instanceof Dict],
  ['sequence', isSequence],
  ['iterable', isIterable],
  ['even', (value) => remainder(value, 2) === 0],
  ['odd', (value) => remainder(value, 2) === 1],
  ['lower', (value) => cased(value, (text) => text.toLowerCase())],
  ['upper', (value) => cased(value, (text) => text.toUpperCase())],
  ['divisibleby', withOne('divisibleby', (value, other) => remainder(value, numberOf(other) ?? Number.NaN) === 0)],
  ['in', withOne('in', (value, other) => contains(other, value))],
  ['sameas', withOne('sameas', (value, other) => (isText(value) ? isEqual(value, other) : value === other))],
  ...(['eq', 'equalto', '=='] as const).map((name) => [name, equal] as const),
  ...(['ne', '!='] as const).map((name) => [name, unequal] as const),
  ...(['lt', 'lessthan', '<'] as const).map((name) => [name, less] as const),
  ...(['le', '<='] as const).map((name) => [name, lessOrEqual] as const),
  ...(['gt', 'greaterthan', '>'] as const).map((name) => [name, greater] as const),
  ...(['ge', '>='] as const).map((name) => [name, greaterOrEqual] as const),
]);

export function testOf(name: string): Test {
  const test = TESTS.get(name);
  if (test === undefined) throw new TemplateError(`no test named "${name}"`);
  return test;
}
