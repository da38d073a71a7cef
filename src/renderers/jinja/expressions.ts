// Expressions of a template, by the precedences of Python's jinja2: `~` binds closer than `+`, and `-x | f` is `-(x) | f`.

import type { Arguments, Expression } from './ast.ts';
import type { TokenStream } from './token_stream.ts';

const COMPARISONS = ['==', '!=', '<', '<=', '>', '>='];
const CONSTANTS: ReadonlyMap<string, null | boolean> = new Map([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
]);

export function parseExpression(stream: TokenStream, { conditional = true } = {}): Expression {
  return stream.nested(() => (conditional ? parseConditional(stream) : parseOr(stream)));
}

/** One expression, or several between commas as a tuple. */
export function parseTuple(stream: TokenStream, { conditional = true } = {}): Expression {
  const items: Expression[] = [];
  let isTuple = false;
  while (!(isTuple && endsTuple(stream))) {
    items.push(parseExpression(stream, { conditional }));
    if (!stream.skip('operator', ',')) break;
    isTuple = true;
  }
  return isTuple ? { type: 'tuple', items } : items[0];
}

function endsTuple(stream: TokenStream): boolean {
  return stream.is('variable_end') || stream.is('block_end') || stream.is('operator', ')') || stream.isName('if');
}

function parseConditional(stream: TokenStream): Expression {
  let left = parseOr(stream);
  while (stream.skipName('if')) {
    const test = parseOr(stream);
    const otherwise = stream.skipName('else') ? stream.nested(() => parseConditional(stream)) : null;
    left = { type: 'conditional', test, value: left, otherwise };
  }
  return left;
}

function parseOr(stream: TokenStream): Expression {
  let left = parseAnd(stream);
  while (stream.skipName('or')) left = { type: 'binary', operator: 'or', left, right: parseAnd(stream) };
  return left;
}

function parseAnd(stream: TokenStream): Expression {
  let left = parseNot(stream);
  while (stream.skipName('and')) left = { type: 'binary', operator: 'and', left, right: parseNot(stream) };
  return left;
}

function parseNot(stream: TokenStream): Expression {
  if (!stream.skipName('not')) return parseComparison(stream);
  return { type: 'unary', operator: 'not', operand: stream.nested(() => parseNot(stream)) };
}

function parseComparison(stream: TokenStream): Expression {
  const first = parseSum(stream);
  const rest: { operator: string; operand: Expression }[] = [];
  for (;;) {
    if (COMPARISONS.some((operator) => stream.is('operator', operator))) {
      const { value: operator } = stream.next();
      rest.push({ operator, operand: parseSum(stream) });
    } else if (stream.skipName('in')) {
      rest.push({ operator: 'in', operand: parseSum(stream) });
    } else if (stream.isName('not') && stream.isFollowedByName('in')) {
      stream.next();
      stream.next();
      rest.push({ operator: 'not in', operand: parseSum(stream) });
    } else {
      return rest.length === 0 ? first : { type: 'compare', first, rest };
    }
  }
}

function parseSum(stream: TokenStream): Expression {
  return parseBinary(stream, ['+', '-'], parseConcatenation);
}

function parseConcatenation(stream: TokenStream): Expression {
  const items = [parseProduct(stream)];
  while (stream.skip('operator', '~')) items.push(parseProduct(stream));
  return items.length === 1 ? items[0] : { type: 'concat', items };
}

function parseProduct(stream: TokenStream): Expression {
  return parseBinary(stream, ['*', '/', '//', '%'], parsePower);
}

function parsePower(stream: TokenStream): Expression {
  return parseBinary(stream, ['**'], (inner) => parseUnary(inner, true));
}

function parseBinary(
  stream: TokenStream,
  operators: string[],
  parseOperand: (stream: TokenStream) => Expression,
): Expression {
  let left = parseOperand(stream);
  while (operators.some((operator) => stream.is('operator', operator))) {
    const { value: operator } = stream.next();
    left = { type: 'binary', operator, left, right: parseOperand(stream) };
  }
  return left;
}

function parseUnary(stream: TokenStream, withFilters: boolean): Expression {
  let node: Expression;
  if (stream.is('operator', '-') || stream.is('operator', '+')) {
    const operator = stream.next().value === '-' ? '-' : '+';
    node = { type: 'unary', operator, operand: stream.nested(() => parseUnary(stream, false)) };
  } else {
    node = parseAtom(stream);
  }
  node = parsePostfix(stream, node);
  return withFilters ? parseFilters(stream, node, false) : node;
}

/** A name, a literal or what stands in parentheses, with the calls and members after it. */
export function parsePrimary(stream: TokenStream): Expression {
  return parsePostfix(stream, parseAtom(stream));
}

function parseAtom(stream: TokenStream): Expression {
  const { kind, value } = stream.next();
  if (kind === 'name') {
    const constant = CONSTANTS.get(value);
    return constant === undefined ? { type: 'name', name: value } : { type: 'constant', value: constant };
  }
  if (kind === 'string') {
    let text = value;
    while (stream.is('string')) text += stream.next().value;
    return { type: 'constant', value: text };
  }
  if (kind === 'integer') return integer(stream, value);
  if (kind === 'float') return { type: 'float', value: Number(value.replaceAll('_', '')) };
  if (kind === 'operator' && value === '(') {
    const inner: Expression = stream.is('operator', ')') ? { type: 'tuple', items: [] } : parseTuple(stream);
    stream.expect('operator', ')');
    return inner;
  }
  if (kind === 'operator' && value === '[') {
    return { type: 'list', items: parseSeparated(stream, ']', () => parseExpression(stream)) };
  }
  if (kind === 'operator' && value === '{') {
    const entries = parseSeparated(stream, '}', (): [Expression, Expression] => {
      const key = parseExpression(stream);
      stream.expect('operator', ':');
      return [key, parseExpression(stream)];
    });
    return { type: 'dict', entries };
  }
  return stream.fail(`unexpected ${JSON.stringify(value)}`);
}

function integer(stream: TokenStream, digits: string): Expression {
  const value = Number(digits.replaceAll('_', ''));
  if (!Number.isSafeInteger(value)) stream.fail(`the number ${digits} is too large`);
  return { type: 'constant', value };
}

/** Items between commas up to the closing bracket, a comma at the end allowed. */
function parseSeparated<T>(stream: TokenStream, close: string, parseItem: () => T): T[] {
  const items: T[] = [];
  while (!stream.skip('operator', close)) {
    if (items.length > 0) stream.expect('operator', ',');
    if (stream.skip('operator', close)) break;
    items.push(parseItem());
  }
  return items;
}

function parsePostfix(stream: TokenStream, start: Expression): Expression {
  let node = start;
  for (;;) {
    if (stream.skip('operator', '.')) {
      const token = stream.next();
      if (token.kind === 'name') node = { type: 'attribute', object: node, name: token.value };
      else if (token.kind === 'integer') node = { type: 'item', object: node, key: integer(stream, token.value) };
      else stream.fail('a name or a number must follow the dot');
    } else if (stream.skip('operator', '[')) {
      node = { type: 'item', object: node, key: parseSubscript(stream) };
    } else if (stream.is('operator', '(')) {
      node = { type: 'call', callee: node, args: parseArguments(stream) };
    } else {
      return node;
    }
  }
}

function parseSubscript(stream: TokenStream): Expression {
  const parts: (Expression | null)[] = [null];
  while (!stream.is('operator', ']')) {
    if (stream.skip('operator', ':')) parts.push(null);
    else if (parts.at(-1) === null) parts[parts.length - 1] = parseExpression(stream);
    else stream.fail(`unexpected ${JSON.stringify(stream.current.value)} in a subscript`);
  }
  stream.expect('operator', ']');
  const [start, stop = null, step = null] = parts;
  if (parts.length > 3) stream.fail('a slice has at most three parts');
  if (parts.length > 1) return { type: 'slice', start, stop, step };
  return start ?? stream.fail('a subscript is empty');
}

function parseArguments(stream: TokenStream): Arguments {
  const args: Arguments = { positional: [], named: [], spread: null, spreadNamed: null };
  stream.expect('operator', '(');
  parseSeparated(stream, ')', () => {
    if (stream.skip('operator', '*')) args.spread = parseExpression(stream);
    else if (stream.skip('operator', '**')) args.spreadNamed = parseExpression(stream);
    else {
      const value = parseExpression(stream);
      if (value.type === 'name' && stream.skip('operator', '='))
        args.named.push({ name: value.name, value: parseExpression(stream) });
      else if (args.named.length > 0) stream.fail('a positional argument follows a named one');
      else args.positional.push(value);
    }
  });
  return args;
}

const NO_ARGUMENTS: Arguments = { positional: [], named: [], spread: null, spreadNamed: null };

/** Filters, tests and calls after an operand; `first` reads a filter's name at once, as filter blocks have it. */
export function parseFilters(stream: TokenStream, operand: Expression, first: boolean): Expression {
  let node = operand;
  let atFilter = first;
  for (;;) {
    if (atFilter || stream.skip('operator', '|')) {
      const { line } = stream.current;
      const name = dottedName(stream);
      const args = stream.is('operator', '(') ? parseArguments(stream) : NO_ARGUMENTS;
      node = { type: 'filter', name, operand: node, args, line };
      atFilter = false;
    } else if (stream.skipName('is')) {
      node = parseTest(stream, node);
    } else if (stream.is('operator', '(')) {
      node = { type: 'call', callee: node, args: parseArguments(stream) };
    } else {
      return node;
    }
  }
}

function parseTest(stream: TokenStream, operand: Expression): Expression {
  const { line } = stream.current;
  const negated = stream.skipName('not');
  const name = dottedName(stream);
  let args = NO_ARGUMENTS;
  if (stream.is('operator', '(')) args = parseArguments(stream);
  else if (startsOperand(stream)) args = { ...NO_ARGUMENTS, positional: [parsePrimary(stream)] };
  const test: Expression = { type: 'test', name, operand, args, line };
  return negated ? { type: 'unary', operator: 'not', operand: test } : test;
}

function startsOperand(stream: TokenStream): boolean {
  if (stream.is('name')) {
    if (stream.isName('is')) stream.fail('tests with "is" cannot be chained');
    return !['else', 'or', 'and'].some((name) => stream.isName(name));
  }
  return (
    stream.is('string') ||
    stream.is('integer') ||
    stream.is('float') ||
    ['(', '[', '{'].some((open) => stream.is('operator', open))
  );
}

function dottedName(stream: TokenStream): string {
  let { value: name } = stream.expect('name');
  while (stream.skip('operator', '.')) name += `.${stream.expect('name').value}`;
  return name;
}
