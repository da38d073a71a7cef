// Columns that go by other names in a file than in the format of its rows.

import { closestNames } from '../../registry/suggest.ts';
import { DataValidationError } from '../../util/errors.ts';
import type { JsonObject } from '../../util/json.ts';
import { field, lacking } from './fields.ts';
import type { ColumnNames } from './options.ts';

/** A row may do without these. */
const OPTIONAL = new Set(['system', 'tools', 'input']);

/** The row with the names of the format. A column that already had such a name gives way. */
export function renamed(row: JsonObject, columns: ColumnNames | null): JsonObject {
  if (columns === null) return row;
  const renames = Object.entries(columns).filter((entry): entry is [string, string] => entry[1] !== null);
  const sources = new Set(renames.map(([, source]) => source));
  const targets = new Set(renames.map(([name]) => name));
  const kept = Object.entries(row).filter(([name]) => !sources.has(name) && !targets.has(name));
  const moved = renames.flatMap(([name, source]) => {
    const value = field(row, source);
    if (value !== undefined) return [[name, value] as const];
    if (OPTIONAL.has(name)) return [];
    throw lackingColumn(row, source);
  });
  return Object.fromEntries([...kept, ...moved]);
}

function lackingColumn(row: JsonObject, source: string): DataValidationError {
  const [near] = closestNames(source, Object.keys(row), 1);
  return near === undefined
    ? lacking(row, source)
    : new DataValidationError(lacking(row, source).message, { hint: `Did you mean "${near}"?` });
}
