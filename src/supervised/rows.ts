// JSON Lines as rows: every line is read or accounted for.

import { CookbookError, DataFormatError, DataValidationError, messageOf } from '../util/errors.ts';
import { isJsonObject, type JsonObject } from '../util/json.ts';
import { type Line, readLines } from './lines.ts';

/** `error` stops at the first bad row; `skip` leaves bad rows out and warns once, with their number. */
export const ON_BAD_ROW = ['error', 'skip'] as const;
export type OnBadRow = (typeof ON_BAD_ROW)[number];

/** How many lines a warning names. */
const NAMED = 5;

/**
 * Reads each line that is not blank as a JSON object and gives it to `read`, which throws a CookbookError for a row that
 * it cannot use. One entry a row, null for those that were skipped. Errors start with `file:line`: DataFormatError for what
 * is no JSON, DataValidationError for the rest, and for a file without rows.
 */
export async function readRows<T>(
  file: string,
  { onBadRow, warn }: { onBadRow: OnBadRow; warn(message: string): void },
  read: (row: JsonObject, line: number) => T,
): Promise<(T | null)[]> {
  const rows: (T | null)[] = [];
  const skipped: string[] = [];
  for await (const line of readLines(file)) {
    if (line.problem === null && line.text.trim() === '') continue;
    try {
      rows.push(read(rowOf(line), line.number));
    } catch (error) {
      if (!(error instanceof CookbookError)) throw error;
      if (onBadRow === 'error') throw errorAt(file, line.number, error);
      rows.push(null);
      skipped.push(`line ${line.number}: ${error.message}`);
    }
  }
  if (rows.length === 0) throw new DataValidationError(`${file}: the file is empty`);
  if (skipped.length > 0) {
    const more = skipped.length > NAMED ? `; and ${skipped.length - NAMED} more` : '';
    warn(`${file}: skipped ${skipped.length} of ${rows.length} rows: ${skipped.slice(0, NAMED).join('; ')}${more}`);
  }
  return rows;
}

/** `line 4`, or `lines 4, 9, 12, …`: for warnings that count rows. */
export function namedLines(lines: readonly number[]): string {
  const more = lines.length > NAMED ? ', …' : '';
  return `${lines.length === 1 ? 'line' : 'lines'} ${lines.slice(0, NAMED).join(', ')}${more}`;
}

function rowOf(line: Line): JsonObject {
  if (line.problem !== null) throw new DataFormatError(line.problem);
  let value: unknown;
  try {
    value = JSON.parse(line.text);
  } catch (error) {
    throw new DataFormatError(`not valid JSON: ${messageOf(error)}`, { cause: error });
  }
  if (!isJsonObject(value)) throw new DataFormatError('each line must hold a JSON object');
  return value;
}

function errorAt(file: string, line: number, error: CookbookError): CookbookError {
  const Kind = error instanceof DataFormatError ? DataFormatError : DataValidationError;
  const hint = error.hint ?? 'Mend the file, or set on_bad_row: skip to leave such rows out and have them counted.';
  return new Kind(`${file}:${line}: ${error.message}`, { hint, cause: error });
}
