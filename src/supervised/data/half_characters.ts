// Half of a surrogate pair: JSON can hold it, it is no character, and a tokenizer would see U+FFFD in its place.

import { DataValidationError } from '../../util/errors.ts';
import type { JsonValue } from '../../util/json.ts';

/** Throws a DataValidationError where a text in the value, or in the names of its fields, holds one. */
export function refuseHalfCharacters(value: JsonValue, at: string): void {
  const half = halfIn(value);
  if (half === null) return;
  throw new DataValidationError(`${at}: holds \\u${half.charCodeAt(0).toString(16)}, which is half of a character`, {
    hint: 'A text was cut in the middle of a surrogate pair: write the row again from its source.',
  });
}

function halfIn(value: JsonValue): string | null {
  if (typeof value === 'string') return /\p{Surrogate}/u.exec(value)?.[0] ?? null;
  if (typeof value !== 'object' || value === null) return null;
  for (const [name, member] of Object.entries(value)) {
    const half = halfIn(name) ?? halfIn(member);
    if (half !== null) return half;
  }
  return null;
}
