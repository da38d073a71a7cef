// Statements of a template: tokens to a syntax tree, by the grammar of Python's jinja2.

import { CAPTURED, type Expression, type Signature, type Statement, type Target } from './ast.ts';
import { parseExpression, parseFilters, parsePrimary, parseTuple } from './expressions.ts';
import { tokenize } from './lexer.ts';
import { TokenStream } from './token_stream.ts';

/** Far deeper than any template, and far from the end of the stack. */
const MAX_DEPTH = 100;
const UNSUPPORTED = ['include', 'import', 'from', 'extends', 'block', 'autoescape', 'do', 'trans', 'debug'];

/** Throws a TemplateSyntaxError that names the line. */
export function parseTemplate(source: string): Statement[] {
  const stream = new TokenStream(tokenize(source));
  const body = parseBody(stream, [], 0);
  return body;
}

/** Statements up to a tag of one of these names, which is left at its name; up to the end of the source if none is given. */
function parseBody(stream: TokenStream, until: readonly string[], depth: number): Statement[] {
  if (depth > MAX_DEPTH) stream.fail(`blocks are nested deeper than ${MAX_DEPTH}`);
  const body: Statement[] = [];
  while (!stream.atEnd) {
    const { kind, value } = stream.current;
    if (kind === 'data') {
      stream.next();
      body.push({ type: 'data', text: value });
    } else if (kind === 'variable_begin') {
      stream.next();
      body.push({ type: 'output', value: parseTuple(stream) });
      stream.expect('variable_end');
    } else {
      stream.expect('block_begin');
      if (until.some((name) => stream.isName(name))) return body;
      body.push(parseStatement(stream, depth + 1));
    }
  }
  if (until.length > 0) stream.fail(`{% ${until.at(-1)} %} is missing`);
  return body;
}

/** A body, its end tag of one name and the end of that tag. */
function parseBlock(stream: TokenStream, end: string, depth: number): Statement[] {
  const body = parseBody(stream, [end], depth);
  stream.next();
  stream.expect('block_end');
  return body;
}

function parseStatement(stream: TokenStream, depth: number): Statement {
  const { value: name } = stream.expect('name');
  switch (name) {
    case 'if':
      return parseIf(stream, depth);
    case 'for':
      return parseFor(stream, depth);
    case 'set':
      return parseSet(stream, depth);
    case 'macro':
      return parseMacro(stream, depth);
    case 'call':
      return parseCallBlock(stream, depth);
    case 'with':
      return parseWith(stream, depth);
    case 'filter': {
      const filtered = parseFilters(stream, { type: 'name', name: CAPTURED }, true);
      stream.expect('block_end');
      return { type: 'filter_block', filtered, body: parseBlock(stream, 'endfilter', depth) };
    }
    case 'generation':
      stream.expect('block_end');
      return { type: 'scope', body: parseBlock(stream, 'endgeneration', depth) };
    case 'break':
    case 'continue':
      stream.expect('block_end');
      return { type: name };
    default:
      if (UNSUPPORTED.includes(name)) return stream.fail(`the statement "${name}" is not supported in chat templates`);
      return stream.fail(`unknown statement "${name}"`);
  }
}

function parseIf(stream: TokenStream, depth: number): Statement {
  const test = parseTuple(stream);
  stream.expect('block_end');
  const body = parseBody(stream, ['elif', 'else', 'endif'], depth);
  const { value: end } = stream.next();
  if (end === 'elif') return { type: 'if', test, body, otherwise: [parseIf(stream, depth + 1)] };
  stream.expect('block_end');
  return { type: 'if', test, body, otherwise: end === 'else' ? parseBlock(stream, 'endif', depth) : [] };
}

function parseFor(stream: TokenStream, depth: number): Statement {
  const target = parseTarget(stream);
  stream.expectName('in');
  const iterable = parseTuple(stream, { conditional: false });
  const test = stream.skipName('if') ? parseExpression(stream) : null;
  if (stream.isName('recursive')) stream.fail('recursive loops are not supported in chat templates');
  stream.expect('block_end');
  const body = parseBody(stream, ['endfor', 'else'], depth);
  const { value: end } = stream.next();
  stream.expect('block_end');
  return {
    type: 'for',
    target,
    iterable,
    test,
    body,
    otherwise: end === 'else' ? parseBlock(stream, 'endfor', depth) : [],
  };
}

function parseSet(stream: TokenStream, depth: number): Statement {
  const target = parseTarget(stream, true);
  if (stream.skip('operator', '=')) {
    const value = parseTuple(stream);
    stream.expect('block_end');
    return { type: 'set', target, value };
  }
  const filtered = parseFilters(stream, { type: 'name', name: CAPTURED }, false);
  stream.expect('block_end');
  return { type: 'set_block', target, filtered, body: parseBlock(stream, 'endset', depth) };
}

function parseMacro(stream: TokenStream, depth: number): Statement {
  const { value: name } = stream.expect('name');
  return { type: 'macro', name, signature: parseSignature(stream, 'endmacro', depth) };
}

function parseCallBlock(stream: TokenStream, depth: number): Statement {
  const parameters = stream.is('operator', '(') ? parseParameters(stream) : [];
  const call = parseFilters(stream, parsePrimary(stream), false);
  if (call.type !== 'call') stream.fail('{% call %} needs a call');
  stream.expect('block_end');
  return { type: 'call_block', call, signature: readBody(stream, parameters, 'endcall', depth) };
}

function parseSignature(stream: TokenStream, end: string, depth: number): Signature {
  const parameters = parseParameters(stream);
  stream.expect('block_end');
  return readBody(stream, parameters, end, depth);
}

function readBody(stream: TokenStream, parameters: Signature['parameters'], end: string, depth: number): Signature {
  const start = stream.position;
  const body = parseBlock(stream, end, depth);
  return { parameters, body, reads: stream.namesSince(start) };
}

function parseParameters(stream: TokenStream): Signature['parameters'] {
  const parameters: Signature['parameters'] = [];
  stream.expect('operator', '(');
  while (!stream.is('operator', ')')) {
    if (parameters.length > 0) stream.expect('operator', ',');
    const { value: name } = stream.expect('name');
    const preset = stream.skip('operator', '=') ? parseExpression(stream) : null;
    if (preset === null && parameters.at(-1)?.default)
      stream.fail('a parameter without a default follows one with a default');
    parameters.push({ name, default: preset });
  }
  stream.expect('operator', ')');
  return parameters;
}

function parseWith(stream: TokenStream, depth: number): Statement {
  const assignments: { target: Target; value: Expression }[] = [];
  while (!stream.is('block_end')) {
    if (assignments.length > 0) stream.expect('operator', ',');
    const target = parseTarget(stream);
    stream.expect('operator', '=');
    assignments.push({ target, value: parseExpression(stream) });
  }
  stream.expect('block_end');
  return { type: 'with', assignments, body: parseBlock(stream, 'endwith', depth) };
}

/** `x`, `x.y` of a namespace, or several of them to unpack into. */
function parseTarget(stream: TokenStream, mayBeNamespace = false): Target {
  const targets: Target[] = [];
  let isTuple = false;
  while (targets.length === 0 || (isTuple && (stream.is('name') || stream.is('operator', '(')))) {
    if (stream.skip('operator', '(')) {
      targets.push(parseTarget(stream));
      stream.expect('operator', ')');
    } else {
      const { value: name } = stream.expect('name');
      if (['true', 'false', 'none', 'True', 'False', 'None'].includes(name)) stream.fail(`cannot assign to ${name}`);
      if (mayBeNamespace && stream.skip('operator', '.'))
        targets.push({ type: 'namespace', name, attribute: stream.expect('name').value });
      else targets.push({ type: 'name', name });
    }
    if (!stream.skip('operator', ',')) break;
    isTuple = true;
  }
  const [only] = targets;
  return isTuple ? { type: 'unpack', targets } : only;
}
