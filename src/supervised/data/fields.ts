// Fields of a row: values of the kind that is expected, and words for those that are not.

import { misspelt } from '../../registry/suggest.ts';
import { DataValidationError } from '../../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../util/json.ts';

/** The value of a field, or undefined: rows come from outside, and an object has more names than its own. */
export function field(row: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(row, name) ? row[name] : undefined;
}

/** Null where it is absent, which some exports write as null. */
export function optionalText(value: JsonValue | undefined, at: string): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw new DataValidationError(`${at}: must be text, not ${kindOf(value)}`);
  return value;
}

export function requiredText(value: JsonValue | undefined, at: string): string {
  if (typeof value !== 'string') throw new DataValidationError(`${at}: must be text, not ${kindOf(value)}`);
  return value;
}

/** The objects of a list that is not empty. */
export function objectList(value: JsonValue | undefined, at: string, member: string): JsonObject[] {
  if (!Array.isArray(value) || value.length === 0)
    throw new DataValidationError(`${at}: must be a list of at least one message, not ${kindOf(value)}`);
  return value.map((item, index) => {
    if (isJsonObject(item)) return item;
    throw new DataValidationError(`${at}[${index}]: must be an object with ${member}, not ${kindOf(item)}`);
  });
}

/** `the row has no "messages"; it has "a", "b"`. */
export function lacking(row: JsonObject, name: string): DataValidationError {
  const names = namesOf(row);
  const hint = misspellingHint(row, [name]);
  return new DataValidationError(`the row has no "${name}"${names === '' ? '' : `; it has ${names}`}`, {
    ...(hint !== null && { hint }),
  });
}

/** Which of the known names a field of the row has in another spelling, as a sentence; null: none. */
export function misspellingHint(row: JsonObject, known: readonly string[]): string | null {
  const others = Object.keys(row).filter((name) => !known.includes(name));
  for (const name of known) {
    const slip = field(row, name) === undefined ? misspelt(name, others) : undefined;
    if (slip !== undefined) return `Did you mean "${name}" by ${shown(slip)}?`;
  }
  return null;
}

/** The names of a row's fields, quoted. */
export function namesOf(row: JsonObject): string {
  const names = Object.keys(row).map(shown);
  return names.length > MOST_NAMES ? `${names.slice(0, MOST_NAMES).join(', ')}, …` : names.join(', ');
}

const MOST_NAMES = 12;

export function kindOf(value: JsonValue | undefined): string {
  if (value === undefined) return 'absent';
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${shown(value)}`;
}

export function shown(value: JsonValue): string {
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
