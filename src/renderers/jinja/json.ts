// JSON text as values of a template: 1.0 stays a float, large integers stay exact, and every text knows where it stood.

import type { Text } from './text.ts';
import { Dict, Float, List, type Value } from './values.ts';

const MAX_DEPTH = 100;
const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/uy;
const WORDS = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const;

/** Throws a SyntaxError. `textOf` makes the value of a text found inside. */
export function parseJson(text: string, textOf: (text: string) => Text): Value {
  let at = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at += found[0].length;
    return found;
  };
  const skip = (mark: string): boolean => {
    match(SPACE);
    const found = text.startsWith(mark, at);
    if (found) at += mark.length;
    return found;
  };
  const fail = (): never => {
    const found = at < text.length ? JSON.stringify(text[at]) : 'the end';
    throw new SyntaxError(`unexpected ${found} at position ${at}`);
  };
  const parseText = (): Value => {
    match(SPACE);
    const written = match(STRING)?.[0] ?? fail();
    return textOf(String(JSON.parse(written)));
  };
  const parseItems = (close: string, parseItem: () => void): void => {
    if (skip(close)) return;
    do parseItem();
    while (skip(','));
    if (!skip(close)) fail();
  };
  const parseValue = (depth: number): Value => {
    if (depth > MAX_DEPTH) throw new SyntaxError(`nested deeper than ${MAX_DEPTH}`);
    if (skip('{')) {
      const dict = new Dict();
      parseItems('}', () => {
        const key = parseText();
        if (!skip(':')) fail();
        dict.set(key, parseValue(depth + 1));
      });
      return dict;
    }
    if (skip('[')) {
      const items: Value[] = [];
      parseItems(']', () => items.push(parseValue(depth + 1)));
      return new List(items);
    }
    if (text[at] === '"') return parseText();
    for (const [word, value] of WORDS) if (skip(word)) return value;
    const [digits, fraction, exponent] = match(NUMBER) ?? fail();
    if (fraction !== undefined || exponent !== undefined) return new Float(Number(digits));
    const value = Number(digits);
    return Number.isSafeInteger(value) ? value : BigInt(digits);
  };
  const value = parseValue(0);
  match(SPACE);
  return at === text.length ? value : fail();
}
