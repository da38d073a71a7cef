// JSON text in which integers stay exact: sequence numbers of sampling requests go up to 10^18, where a number is rounded.

import { randomUUID } from 'node:crypto';
import { jsonProblem } from '../../util/json.ts';
import { WireError } from './error.ts';

/** Integers beyond 2^53 are bigints, all other numbers are numbers. */
export type ExactJson = null | boolean | number | bigint | string | ExactJson[] | ExactJsonObject;
export interface ExactJsonObject {
  [key: string]: ExactJson;
}

/** Longer ones are left to be numbers: nothing counts so far, and digits take time by more than their count. */
const MAX_DIGITS = 40;

const QUOTE_OR_NUMBER = /"|-?\d[\d.eE+-]*/g;
/** Within a text, too: it only tells messages that need a closer look. Long fractions, as float32 has them, are none. */
const LONG_INTEGER = /(?<![\d.])\d{16,}(?![\d.eE])/;
const INTEGER = /^-?\d{16,}$/;

/** Throws a WireError for text that is not JSON. */
export function parseExactJson(text: string): ExactJson {
  const value = parsed(text);
  if (!LONG_INTEGER.test(text)) return value;
  const key = carrierKey();
  const carried = withCarriers(text, key);
  if (carried === text) return value;
  try {
    return JSON.parse(carried, (_key, item: ExactJson) => {
      const digits = isObject(item) && Object.hasOwn(item, key) ? item[key] : undefined;
      return typeof digits === 'string' ? BigInt(digits) : item;
    });
  } catch (error) {
    // JSON.parse itself takes any depth; with a function to call for each value it uses the stack.
    if (error instanceof RangeError) throw new WireError('', 'is nested too deep', { cause: error });
    throw error;
  }
}

export function exactJsonText(value: ExactJson): string {
  // A replacer is called for every number of every list, so only what needs it pays for it.
  if (!holdsBigint(value)) return JSON.stringify(value);
  const key = carrierKey();
  const text = JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? { [key]: `${item}` } : item));
  return text.replace(new RegExp(`\\{"${key}":"(-?\\d+)"\\}`, 'g'), '$1');
}

/**
 * JSON.parse and JSON.stringify have no word for such an integer, and gain one (source text, raw JSON) only in later versions
 * of Node. So it goes through them as an object with this key and its digits. No message can hold a key that is drawn for it.
 */
const carrierKey = randomUUID;

function parsed(text: string): ExactJson {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new WireError('', jsonProblem(error), { cause: error });
    throw error;
  }
}

/** The text, which is JSON, with objects in the place of the integers that a number would round. */
function withCarriers(text: string, key: string): string {
  const parts: string[] = [];
  let copied = 0;
  QUOTE_OR_NUMBER.lastIndex = 0;
  for (let match = QUOTE_OR_NUMBER.exec(text); match !== null; match = QUOTE_OR_NUMBER.exec(text)) {
    const [literal] = match;
    if (literal === '"') {
      QUOTE_OR_NUMBER.lastIndex = endOfString(text, match.index);
    } else if (isRounded(literal)) {
      parts.push(text.slice(copied, match.index), `{"${key}":"${literal}"}`);
      copied = QUOTE_OR_NUMBER.lastIndex;
    }
  }
  parts.push(text.slice(copied));
  return parts.join('');
}

/** Behind the closing quote. One expression for a whole string would overflow its stack on a string of many escapes. */
function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); ; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0;
    while (text[quote - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return quote + 1;
  }
}

function isObject(value: ExactJson): value is ExactJsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function holdsBigint(value: ExactJson): boolean {
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint';
  return Array.isArray(value) ? value.some(holdsBigint) : Object.values(value).some(holdsBigint);
}

function isRounded(literal: string): boolean {
  return literal.length <= MAX_DIGITS && INTEGER.test(literal) && !Number.isSafeInteger(Number(literal));
}
