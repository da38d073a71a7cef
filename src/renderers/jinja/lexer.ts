// Jinja source to tokens, by the rules of Python's jinja2 with trim_blocks and lstrip_blocks, as transformers sets them.

import { TemplateSyntaxError } from './errors.ts';

export type TokenKind = 'data' | 'block_begin' | 'block_end' | 'variable_begin' | 'variable_end' | Literal | 'operator';
type Literal = 'name' | 'string' | 'integer' | 'float';

export interface Token {
  kind: TokenKind;
  /** Unescaped text of strings, digits of numbers, the operator itself. */
  value: string;
  line: number;
}

/** White space of Python's `str` methods and patterns: with U+0085 and U+001C to U+001F, without U+FEFF. */
export const WHITE_SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

const TAG = new RegExp(
  `\\{%(?<raw_sign>[-+]?)[${WHITE_SPACE}]*raw[${WHITE_SPACE}]*(?:-%\\}[${WHITE_SPACE}]*|%\\})|(?<open>\\{[%{#])(?<sign>[-+]?)`,
  'g',
);
const END_OF_RAW = new RegExp(
  `\\{%(?<sign>[-+]?)[${WHITE_SPACE}]*endraw[${WHITE_SPACE}]*(?:\\+%\\}|-%\\}[${WHITE_SPACE}]*|%\\}\\n?)`,
  'g',
);
const END_OF_COMMENT = new RegExp(`\\+#\\}|-#\\}[${WHITE_SPACE}]*|#\\}\\n?`, 'g');
const END_OF_BLOCK = new RegExp(`\\+%\\}|-%\\}[${WHITE_SPACE}]*|%\\}\\n?`, 'y');
const END_OF_VARIABLE = new RegExp(`-\\}\\}[${WHITE_SPACE}]*|\\}\\}`, 'y');
const TRAILING_WHITE_SPACE = new RegExp(`[${WHITE_SPACE}]+$`);

const INSIDE: readonly [Literal | 'operator' | 'space', RegExp][] = [
  ['space', new RegExp(`[${WHITE_SPACE}]+`, 'y')],
  ['float', /(?<!\.)(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iy],
  ['integer', /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iy],
  ['name', /[\p{L}\p{N}_][\p{L}\p{N}\p{M}_]*/uy],
  ['string', /'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"/sy],
  ['operator', /\/\/|\*\*|==|!=|>=|<=|[+\-/*%~[\](){}<>=.:|,;]/y],
];
const CLOSES: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{' };

/** Throws a TemplateSyntaxError with the line. Line breaks of every kind are `\n` in what it returns; the last one is dropped. */
export function tokenize(written: string): Token[] {
  const source = written.replace(/\r\n?/g, '\n').replace(/\n$/, '');
  const tokens: Token[] = [];
  let line = 1;
  let counted = 0;
  const push = (kind: TokenKind, value: string, at: number) => {
    for (; counted < at; counted++) if (source[counted] === '\n') line++;
    tokens.push({ kind, value, line });
  };
  const fail = (message: string, at: number): never => {
    throw new TemplateSyntaxError(message, 1 + (source.slice(0, at).match(/\n/g)?.length ?? 0));
  };

  let at = 0;
  /** The text before `at` ends with a line break, or there is none. */
  let startsLine = true;
  const pushData = (from: number, to: number, sign: string, mayTrimIndent: boolean) => {
    let text = source.slice(from, to);
    if (sign === '-') text = text.replace(TRAILING_WHITE_SPACE, '');
    else if (sign !== '+' && mayTrimIndent) {
      const lineStart = text.lastIndexOf('\n') + 1;
      if ((lineStart > 0 || startsLine) && /^[ \t]*$/.test(text.slice(lineStart))) text = text.slice(0, lineStart);
    }
    if (text !== '') push('data', text, from);
  };

  while (at < source.length) {
    TAG.lastIndex = at;
    const tag = TAG.exec(source);
    if (tag === null) {
      push('data', source.slice(at), at);
      break;
    }
    const { raw_sign: rawSign, open, sign = '' } = tag.groups ?? {};
    pushData(at, tag.index, rawSign ?? sign, open !== '{{');
    at = tag.index + tag[0].length;
    if (open === '{{' || open === '{%') {
      const [begin, end] =
        open === '{{' ? (['variable_begin', 'variable_end'] as const) : (['block_begin', 'block_end'] as const);
      push(begin, open, tag.index);
      at = tokenizeInside(source, at, open === '{{' ? END_OF_VARIABLE : END_OF_BLOCK, push, fail);
      push(end, open, at);
    } else {
      const [pattern, what] = open === '{#' ? [END_OF_COMMENT, 'a comment'] : [END_OF_RAW, '{% raw %}'];
      pattern.lastIndex = at;
      const end = pattern.exec(source);
      if (end === null) return fail(`${what} does not end`, tag.index);
      startsLine = tag[0].endsWith('\n');
      if (open !== '{#') pushData(at, end.index, end.groups?.sign ?? '', true);
      at = end.index + end[0].length;
    }
    startsLine = source[at - 1] === '\n';
  }
  return tokens;
}

/** Reads an expression or a statement up to its end, and returns where that is. */
function tokenizeInside(
  source: string,
  start: number,
  end: RegExp,
  push: (kind: TokenKind, value: string, at: number) => void,
  fail: (message: string, at: number) => never,
): number {
  const open: string[] = [];
  let at = start;
  while (at < source.length) {
    if (open.length === 0) {
      end.lastIndex = at;
      const closed = end.exec(source);
      if (closed !== null) return at + closed[0].length;
    }
    const [kind, text] = nextInside(source, at) ?? fail(`unexpected character ${JSON.stringify(source[at])}`, at);
    if (kind === 'operator') {
      if (text === '(' || text === '[' || text === '{') open.push(text);
      else if (Object.hasOwn(CLOSES, text) && open.pop() !== CLOSES[text]) fail(`unexpected "${text}"`, at);
    }
    if (kind !== 'space') push(kind, kind === 'string' ? unescaped(text.slice(1, -1)) : text, at);
    at += text.length;
  }
  return fail('a tag does not end', start);
}

function nextInside(source: string, at: number): [Literal | 'operator' | 'space', string] | null {
  for (const [kind, pattern] of INSIDE) {
    pattern.lastIndex = at;
    const match = pattern.exec(source);
    if (match !== null) return [kind, match[0]];
  }
  return null;
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
};

/** As Python reads the inside of a string literal: what is no known escape stays as it is written. */
function unescaped(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(
    /\\(?:x([\da-f]{2})|u([\da-f]{4})|U([\da-f]{8})|([0-7]{1,3})|(.))/gis,
    (whole, byte?: string, unit?: string, point?: string, octal?: string, other?: string) => {
      const hex = byte ?? unit ?? point;
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      return other !== undefined && Object.hasOwn(ESCAPES, other) ? ESCAPES[other] : whole;
    },
  );
}
