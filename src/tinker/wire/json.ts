// JSON text in which integers stay exact: sequence numbers of sampling requests go up to 10^18, where a number is rounded.

import { jsonProblem } from '../../util/json.ts';
import { WireError } from './error.ts';

/** Integers beyond 2^53 are bigints, all other numbers are numbers. */
export type ExactJson = null | boolean | number | bigint | string | ExactJson[] | ExactJsonObject;
export interface ExactJsonObject {
  [key: string]: ExactJson;
}

/**
 * JSON.parse and JSON.stringify have no word for such an integer, and gain one (source text, raw JSON) only in later versions
 * of Node. So it goes through them as an object with this key and its digits.
 */
const DIGITS = '$integer';
/** Longer ones are left to be numbers. Nothing counts so far. */
const MAX_DIGITS = 40;

const LITERALS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/gs;
/** Within a text, too: it only tells messages that need a closer look. Long fractions, as float32 has them, are none. */
const LONG_INTEGER = /(?<![\d.])\d{16,}(?![\d.eE])/;
const INTEGER = /^-?\d{16,}$/;
const CARRIED = new RegExp(`\\{"\\${DIGITS}":"(-?\\d{16,${MAX_DIGITS}})"\\}`, 'g');

/** Throws a WireError for text that is not JSON. */
export function parseExactJson(text: string): ExactJson {
  try {
    const value: ExactJson = JSON.parse(text);
    if (!LONG_INTEGER.test(text)) return value;
    const carried = text.replace(LITERALS, (literal) => (isRounded(literal) ? `{"${DIGITS}":"${literal}"}` : literal));
    return carried.length === text.length ? value : JSON.parse(carried, revive);
  } catch (error) {
    throw new WireError('', jsonProblem(error), { cause: error });
  }
}

export function exactJsonText(value: ExactJson): string {
  // A replacer is called for every number of every list, so only what needs it pays for it.
  if (!holdsBigint(value)) return JSON.stringify(value);
  const text = JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'bigint' ? { [DIGITS]: `${item}` } : item,
  );
  // Within a string the quotes would be escaped.
  return text.replace(CARRIED, '$1');
}

function holdsBigint(value: ExactJson): boolean {
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint';
  return Array.isArray(value) ? value.some(holdsBigint) : Object.values(value).some(holdsBigint);
}

function isRounded(literal: string): boolean {
  return INTEGER.test(literal) && literal.length <= MAX_DIGITS && !Number.isSafeInteger(Number(literal));
}

/** Who sends such an object himself means the same by it. */
function revive(_key: string, value: ExactJson): ExactJson {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const digits = Object.hasOwn(value, DIGITS) ? value[DIGITS] : undefined;
  return typeof digits === 'string' && INTEGER.test(digits) && digits.length <= MAX_DIGITS ? BigInt(digits) : value;
}
