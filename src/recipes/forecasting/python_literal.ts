// Values as Python prints them, which public tables hold where JSON is meant: strings in either quotes, None, True and False.

import { DataValidationError } from '../../util/errors.ts';
import type { JsonValue } from '../../util/json.ts';

const WORDS: Readonly<Record<string, string>> = { None: 'null', True: 'true', False: 'false' };
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', '0': '\0' };

/** A string, a word, or anything else by its character; strings first, so that nothing inside of them is taken for code. */
const TOKENS = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[A-Za-z_]+|[^'"A-Za-z_]+|['"]/gs;

/**
 * A value in JSON, else in the words of Python.
 * @throws DataValidationError for what is neither
 */
export function structuredValue(text: string): JsonValue {
  const asJson = parsed(text);
  if (asJson !== undefined) return asJson;
  const json = text.replaceAll(TOKENS, (token) => {
    if (/^['"]./s.test(token)) return JSON.stringify(unescaped(token.slice(1, -1)));
    return Object.hasOwn(WORDS, token) ? WORDS[token] : token;
  });
  const value = parsed(json);
  if (value !== undefined) return value;
  throw new DataValidationError('is neither JSON nor a value of Python');
}

function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(?:x([\da-f]{2})|u([\da-f]{4})|(.))/gis, (_, byte, unit, char: string) =>
    char === undefined ? String.fromCharCode(Number.parseInt(byte ?? unit, 16)) : (ESCAPES[char] ?? char),
  );
}
