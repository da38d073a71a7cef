// JSON as Python reads and writes it: its words for what is wrong, its spacing, and numbers as they were written.

import { exponentText } from '../util/json.ts';

/** A JSON value by its text, because `1.0` and large integers would not survive as JavaScript numbers. */
export interface JsonNode {
  /** As Python's `json.dumps(value, ensure_ascii=False)` writes it. */
  json: string;
  /** The value of a string, else null. */
  string: string | null;
  /** The members of an object, else null. */
  members: ReadonlyMap<string, JsonNode> | null;
}

export type JsonReading = { value: JsonNode } | { error: string };

/** What JSON and Python spell in two ways. */
export const PYTHON_WORDS: Readonly<Record<string, string>> = { true: 'True', false: 'False', null: 'None' };

/** JSON of a scalar as Python's `str` writes it. */
export function pythonScalar(json: string): string {
  return PYTHON_WORDS[json] ?? json;
}

/** Deeper values are refused: no tool call is nested so deep, and reading is recursive. */
const MAX_DEPTH = 500;
const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /null|true|false|NaN|-?Infinity/y;
const ESCAPES: Record<string, string> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
};

/** What is wrong, and where. */
class JsonProblem extends Error {
  constructor(
    readonly problem: string,
    readonly position: number,
  ) {
    super(problem);
  }
}

/** Never throws. */
export function readPythonJson(text: string): JsonReading {
  let at = 0;
  const match = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? null;
    at += found?.length ?? 0;
    return found;
  };
  const skip = () => match(SPACE);
  const take = (character: string) => {
    if (text[at] !== character) return false;
    at += 1;
    return true;
  };

  function value(depth: number): JsonNode {
    if (depth > MAX_DEPTH) throw new JsonProblem('Too deeply nested', at);
    if (text[at] === '"') {
      const string = quoted();
      return { json: JSON.stringify(string), string, members: null };
    }
    if (take('{')) return object(depth);
    if (take('[')) return array(depth);
    const json = match(WORD) ?? match(NUMBER);
    if (json === null) throw new JsonProblem('Expecting value', at);
    return { json: /^-?\d/.test(json) ? numberText(json) : json, string: null, members: null };
  }

  function object(depth: number): JsonNode {
    const members = new Map<string, JsonNode>();
    skip();
    while (!(members.size === 0 && take('}'))) {
      if (text[at] !== '"') throw new JsonProblem('Expecting property name enclosed in double quotes', at);
      const name = quoted();
      skip();
      if (!take(':')) throw new JsonProblem("Expecting ':' delimiter", at);
      skip();
      members.set(name, value(depth + 1));
      skip();
      if (take('}')) break;
      if (!take(',')) throw new JsonProblem("Expecting ',' delimiter", at);
      skip();
    }
    const parts = [...members].map(([name, { json }]) => `${JSON.stringify(name)}: ${json}`);
    return { json: `{${parts.join(', ')}}`, string: null, members };
  }

  function array(depth: number): JsonNode {
    const items: string[] = [];
    skip();
    while (!(items.length === 0 && take(']'))) {
      items.push(value(depth + 1).json);
      skip();
      if (take(']')) break;
      if (!take(',')) throw new JsonProblem("Expecting ',' delimiter", at);
      skip();
    }
    return { json: `[${items.join(', ')}]`, string: null, members: null };
  }

  function quoted(): string {
    const start = at;
    at += 1;
    let result = '';
    for (;;) {
      const character = text[at];
      if (character === undefined) throw new JsonProblem('Unterminated string starting at', start);
      if (character < ' ') throw new JsonProblem('Invalid control character at', at);
      at += 1;
      if (character === '"') return result;
      result += character === '\\' ? escaped(start) : character;
    }
  }

  function escaped(start: number): string {
    const letter = text[at];
    if (letter === undefined) throw new JsonProblem('Unterminated string starting at', start);
    at += 1;
    if (letter !== 'u') {
      const character = ESCAPES[letter];
      if (character === undefined) throw new JsonProblem('Invalid \\escape', at - 2);
      return character;
    }
    const digits = /^[0-9a-fA-F]{4}/.exec(text.slice(at, at + 4))?.[0];
    if (digits === undefined) throw new JsonProblem('Invalid \\uXXXX escape', at);
    at += 4;
    return String.fromCharCode(Number.parseInt(digits, 16));
  }

  try {
    skip();
    const result = value(0);
    skip();
    if (at < text.length) throw new JsonProblem('Extra data', at);
    return { value: result };
  } catch (error) {
    if (error instanceof JsonProblem) return { error: `${error.problem}: ${placeOf(text, error.position)}` };
    throw error;
  }
}

/** Python counts characters where JavaScript counts halves of surrogate pairs. */
function placeOf(text: string, position: number): string {
  const before = text.slice(0, position);
  const lineStart = before.lastIndexOf('\n') + 1;
  const column = [...before.slice(lineStart)].length + 1;
  return `line ${before.split('\n').length} column ${column} (char ${[...before].length})`;
}

/** Integers keep all their digits; other numbers are written as Python's `repr` does. */
function numberText(source: string): string {
  if (!/[.eE]/.test(source)) return source;
  const number = Number(source);
  if (!Number.isFinite(number)) return number > 0 ? 'Infinity' : '-Infinity';
  const size = Math.abs(number);
  if (size !== 0 && (size >= 1e16 || size < 1e-4)) {
    return exponentText(number);
  }
  const plain = Object.is(number, -0) ? '-0' : String(number);
  return plain.includes('.') ? plain : `${plain}.0`;
}
