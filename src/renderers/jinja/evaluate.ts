// Expressions of a template as functions of a scope.

import type { Arguments, Expression } from './ast.ts';
import { TemplateError } from './errors.ts';
import { filterOf } from './filters.ts';
import { attributeOf, itemOf, Slice } from './members.ts';
import { binary, comparison, negate } from './operators.ts';
import { ASKED } from './prefixes.ts';
import { str } from './printing.ts';
import type { Scope } from './scope.ts';
import { testOf } from './tests.ts';
import { joinTexts, plain } from './text.ts';
import {
  type Call,
  Callable,
  Dict,
  Float,
  isText,
  isTrue,
  iterate,
  List,
  Tuple,
  typeName,
  Undefined,
  undefinedError,
  type Value,
  weightOf,
} from './values.ts';

/** Filters that do not go through what they are given. */
const LIGHT_FILTERS: ReadonlySet<string> = new Set(['count', 'd', 'default', 'length', 'string']);

export type Evaluate = (scope: Scope) => Value;

export function compileExpression(node: Expression): Evaluate {
  switch (node.type) {
    case 'constant':
      return () => node.value;
    case 'float': {
      const value = new Float(node.value);
      return () => value;
    }
    case 'name':
      if (node.name === ASKED) return readAsked;
      return (scope) => scope.get(node.name);
    case 'list': {
      const items = node.items.map(compileExpression);
      return (scope) => counted(scope, new List(items.map((item) => item(scope))));
    }
    case 'tuple': {
      const items = node.items.map(compileExpression);
      return (scope) => new Tuple(items.map((item) => item(scope)));
    }
    case 'dict': {
      const entries = node.entries.map(([key, value]) => [compileExpression(key), compileExpression(value)] as const);
      return (scope) => counted(scope, Dict.of(entries.map(([key, value]) => [key(scope), value(scope)] as const)));
    }
    case 'concat': {
      const items = node.items.map(compileExpression);
      return (scope) => counted(scope, joinTexts(items.map((item) => str(printable(scope, item(scope))))));
    }
    case 'unary': {
      const operand = compileExpression(node.operand);
      const { operator } = node;
      return operator === 'not' ? (scope) => !isTrue(operand(scope)) : (scope) => negate(operator, operand(scope));
    }
    case 'binary':
      return compileBinary(node.operator, compileExpression(node.left), compileExpression(node.right));
    case 'compare':
      return compileComparison(node);
    case 'conditional': {
      const [test, value] = [compileExpression(node.test), compileExpression(node.value)];
      const otherwise =
        node.otherwise === null
          ? () => new Undefined('the inline if-expression evaluated to false and no else section was defined.')
          : compileExpression(node.otherwise);
      return (scope) => (isTrue(test(scope)) ? value(scope) : otherwise(scope));
    }
    case 'attribute': {
      const object = compileExpression(node.object);
      return (scope) => attributeOf(object(scope), node.name);
    }
    case 'item':
      return compileItem(node.object, node.key);
    case 'slice':
      throw new TemplateError('a slice stands outside of a subscript');
    case 'call': {
      const callee = compileExpression(node.callee);
      const args = compileArguments(node.args);
      return (scope) => call(scope, callee(scope), args(scope));
    }
    case 'filter': {
      const operand = compileExpression(node.operand);
      const args = compileArguments(node.args);
      return (scope) => {
        const apply = filterOf(node.name);
        const value = operand(scope);
        const given = args(scope);
        scope.work.add((LIGHT_FILTERS.has(node.name) ? 1 : weightOf(value)) + weightOfCall(given));
        return counted(scope, apply(value, given));
      };
    }
    case 'test': {
      const operand = compileExpression(node.operand);
      const args = compileArguments(node.args);
      return (scope) => {
        const given = args(scope);
        scope.work.add(weightOfCall(given));
        return testOf(node.name)(operand(scope), given);
      };
    }
  }
}

function readAsked(scope: Scope): Value {
  scope.work.prefixes?.noteRead();
  return scope.get(ASKED);
}

function compileBinary(operator: string, left: Evaluate, right: Evaluate): Evaluate {
  if (operator === 'and' || operator === 'or') {
    return (scope) => {
      const value = left(scope);
      return isTrue(value) === (operator === 'and') ? right(scope) : value;
    };
  }
  return (scope) => counted(scope, binary(operator, left(scope), right(scope)));
}

/** `a < b < c` holds where both do. */
function compileComparison({ first, rest }: Extract<Expression, { type: 'compare' }>): Evaluate {
  const start = compileExpression(first);
  const operands = rest.map(({ operator, operand }) => ({ operator, operand: compileExpression(operand) }));
  return (scope) => {
    let left = start(scope);
    for (const { operator, operand } of operands) {
      const right = operand(scope);
      scope.work.add(operator.endsWith('in') ? weightOf(right) : Math.min(weightOf(left), weightOf(right)));
      if (!comparison(operator, left, right)) return false;
      left = right;
    }
    return true;
  };
}

function compileItem(object: Expression, key: Expression): Evaluate {
  const value = compileExpression(object);
  if (key.type !== 'slice') {
    const member = compileExpression(key);
    return (scope) => itemOf(value(scope), member(scope));
  }
  const [start, stop, step] = [key.start, key.stop, key.step].map((part) =>
    part === null ? () => null : compileExpression(part),
  );
  return (scope) => counted(scope, itemOf(value(scope), new Slice(start(scope), stop(scope), step(scope))));
}

export function compileArguments({ positional, named, spread, spreadNamed }: Arguments): (scope: Scope) => Call {
  const items = positional.map(compileExpression);
  const members = named.map(({ name, value }) => [name, compileExpression(value)] as const);
  const more = spread === null ? null : compileExpression(spread);
  const moreNamed = spreadNamed === null ? null : compileExpression(spreadNamed);
  return (scope) => {
    const call = {
      positional: [...items.map((item) => item(scope)), ...(more === null ? [] : iterate(more(scope)))],
      named: new Map(members.map(([name, value]) => [name, value(scope)] as const)),
    };
    const extra = moreNamed === null ? null : moreNamed(scope);
    if (extra instanceof Dict)
      for (const [key, value] of extra.entries()) if (isText(key)) call.named.set(plain(key), value);
    return call;
  };
}

export function call(scope: Scope, callee: Value, args: Call): Value {
  if (callee instanceof Undefined) throw undefinedError(callee);
  if (!(callee instanceof Callable)) throw new TemplateError(`'${typeName(callee)}' object is not callable`);
  scope.work.add(weightOfCall(args));
  return counted(
    scope,
    scope.work.call(() => callee.call(args)),
  );
}

/** The value, after it was found cheap enough to print. */
export function printable(scope: Scope, value: Value): Value {
  scope.work.add(weightOf(value));
  return value;
}

function counted<T extends Value>(scope: Scope, value: T): T {
  scope.work.add(weightOf(value));
  return value;
}

function weightOfCall({ positional, named }: Call): number {
  let weight = 1;
  for (const value of positional) weight += weightOf(value);
  for (const value of named.values()) weight += weightOf(value);
  return weight;
}
