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

/**
 * A column for each name. SQL cannot tell names apart by case, and knows neither an empty one nor one with a NUL: a name that
 * cannot be a column as it is, or that is taken in another spelling, gets one of its own that no other name has.
 */
export function columnNames(names: Iterable<string>, reserved: Iterable<string>): Map<string, string> {
  const taken = new Set([...reserved].map((name) => name.toLowerCase()));
  const columns = new Map<string, string | null>();
  for (const name of names) {
    if (columns.has(name)) continue;
    const fits = name !== '' && !name.includes('\0') && !taken.has(name.toLowerCase());
    if (fits) taken.add(name.toLowerCase());
    columns.set(name, fits ? name : null);
  }
  return new Map([...columns].map(([name, column]) => [name, column ?? freeColumn(name, taken)]));
}

function freeColumn(name: string, taken: Set<string>): string {
  const base = name.replaceAll('\0', '\\u0000') || '_';
  let column = base;
  for (let n = 1; taken.has(column.toLowerCase()); n++) column = `${base}_${n}`;
  taken.add(column.toLowerCase());
  return column;
}

/** A line for each name whose column is called otherwise. */
export function renamingNotices(columns: ReadonlyMap<string, string>, kind: string, view: string): string[] {
  return [...columns].flatMap(([name, column]) => {
    if (name === column) return [];
    const reason = /^$|\0/.test(name) ? 'knows no such name' : 'cannot tell it from another column';
    return `the ${kind} "${name}" is the column ${quoteName(column)} of ${view}: SQL ${reason}`;
  });
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** DuckDB reads a statement up to its first NUL. */
export function quoteText(text: string): string {
  const parts = text.split('\0').map((part) => `'${part.replaceAll("'", "''")}'`);
  return parts.length === 1 ? parts.join() : `(${parts.join(' || chr(0) || ')})`;
}
