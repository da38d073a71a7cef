// Which DuckDB type a column of JSON values gets, and how names become the names of columns.

import type { JsonValue } from '../util/json.ts';

/** Column names with their DuckDB types. */
export type Columns = Record<string, string>;

/** The narrowest type that holds all values. Nulls fit every type; values of several kinds are kept as JSON. */
export function columnType(values: Iterable<JsonValue>): string {
  const kinds = new Set<string>();
  for (const value of values) if (value !== null) kinds.add(kindOf(value));
  if (kinds.size === 0) return 'VARCHAR';
  if (kinds.size === 1) return [...kinds].join();
  return [...kinds].every((kind) => kind === 'BIGINT' || kind === 'DOUBLE') ? 'DOUBLE' : 'JSON';
}

function kindOf(value: JsonValue): string {
  if (typeof value === 'string') return 'VARCHAR';
  if (typeof value === 'boolean') return 'BOOLEAN';
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'BIGINT' : 'DOUBLE';
  return 'JSON';
}

/** SQL cannot tell names apart by case and knows no empty one: a name that is taken in another spelling gets a number behind it. */
export function uniqueColumn(name: string, taken: ReadonlySet<string>): string {
  const base = name === '' ? '_' : name;
  let unique = base;
  for (let n = 1; taken.has(unique.toLowerCase()); n++) unique = `${base}_${n}`;
  return unique;
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
