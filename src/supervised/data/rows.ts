// Rows of a data file, one JSON object each, whatever file they come in: every row is read or accounted for.

import { locateRows } from '../../hub/locate_rows.ts';
import { CookbookError, DataFormatError, DataValidationError } from '../../util/errors.ts';
import { isJsonObject, type JsonObject, jsonProblem } from '../../util/json.ts';
import { containerOf, textChunks } from './bytes.ts';
import { csvRows, isCsv } from './csv.ts';
import { arrayElements } from './json_array.ts';
import { type Line, linesOf, MAX_LINE_BYTES } from './lines.ts';
import type { OnBadRow } from './options.ts';
import { parquetRows } from './parquet.ts';

/** How many rows a warning names. */
const NAMED = 5;

/** Where a row stands: a line of a text file, a row of a Parquet file, both from 1. */
export interface RowPlace {
  unit: 'line' | 'row';
  number: number;
  /** Its bytes, without a byte order mark in front of all, in JSON Lines. */
  bytes?: { start: number; length: number };
}

/** A row that was read, or why it could not be. */
export type SourceRow = RowPlace & ({ value: JsonObject; problem: null } | { value: null; problem: CookbookError });

/**
 * The rows of JSON Lines, of a JSON array, of separated values (all may be packed with gzip) or of a Parquet file; blank lines
 * do not count. The file may be one of the hub.
 * What is wrong with one row is said of that row. `notify` hears how the file was read where that is worth knowing.
 * @throws CookbookError for a file that cannot be read at all
 */
export async function* sourceRows(file: string, notify: (message: string) => void): AsyncGenerator<SourceRow> {
  const local = await locateRows(file, { notify });
  const container = await containerOf(local);
  if (container === 'parquet' || isCsv(local)) {
    let number = 0;
    const rows = container === 'parquet' ? parquetRows(local) : csvRows(local);
    for await (const value of rows) yield { unit: 'row', number: ++number, value, problem: null };
    return;
  }
  const { first, chunks } = await upToFirstMark(textChunks(local, container, notify));
  const isArray = first === '[';
  let otherKind: OtherKind | null | undefined;
  for await (const line of isArray ? arrayElements(chunks) : linesOf(chunks)) {
    if (line.problem === null && line.text.trim() === '') continue;
    const { bytes } = line;
    const row = parsed(line, isArray);
    if (otherKind === undefined) otherKind = isArray || row.value !== null ? null : otherKindOf(line.text);
    yield {
      unit: 'line',
      number: line.number,
      ...(bytes === undefined ? {} : { bytes }),
      ...(otherKind === null || row.value !== null ? row : { value: null, problem: notJson(otherKind) }),
    };
  }
}

export interface ReadOptions {
  onBadRow: OnBadRow;
  warn(message: string): void;
  notify?(message: string): void;
  /** Aborted when nobody waits for the rows any more. */
  signal?: AbortSignal;
}

/**
 * Gives each row to `read`, which throws a CookbookError for a row that it cannot use. One entry a row, null for those that
 * were skipped. Errors start with `file:line`: DataFormatError for what is no JSON, DataValidationError for the rest, and
 * for a file without rows.
 */
export async function readRows<T>(
  file: string,
  { onBadRow, warn, notify = () => undefined, signal }: ReadOptions,
  read: (row: JsonObject, place: RowPlace) => T,
): Promise<(T | null)[]> {
  const rows: (T | null)[] = [];
  const skipped: string[] = [];
  for await (const row of sourceRows(file, notify)) {
    signal?.throwIfAborted();
    const outcome = attempt(row, read);
    if ('value' in outcome) rows.push(outcome.value);
    else {
      if (onBadRow === 'error') throw errorAt(file, row, outcome.problem, SKIP_HINT);
      rows.push(null);
      skipped.push(`${row.unit} ${row.number}: ${outcome.problem.message}`);
    }
  }
  if (rows.length === 0) throw new DataValidationError(`${file}: the file is empty`);
  if (skipped.length > 0) {
    const more = skipped.length > NAMED ? `; and ${skipped.length - NAMED} more` : '';
    warn(`${file}: skipped ${skipped.length} of ${rows.length} rows: ${skipped.slice(0, NAMED).join('; ')}${more}`);
  }
  return rows;
}

/** What `read` makes of a row, or why it cannot. Errors that are no CookbookError are defects and pass through. */
export function attempt<T>(
  row: SourceRow,
  read: (row: JsonObject, place: RowPlace) => T,
): { value: T } | { problem: CookbookError } {
  if (row.problem !== null) return { problem: row.problem };
  try {
    return { value: read(row.value, row) };
  } catch (error) {
    if (error instanceof CookbookError) return { problem: error };
    // JSON may be nested more deeply than functions may call each other.
    if (error instanceof RangeError) {
      const deep = error.message.startsWith('Maximum call stack');
      const what = deep ? 'the row is nested too deeply' : `what becomes of the row is too large: ${error.message}`;
      return { problem: new DataValidationError(what) };
    }
    throw error;
  }
}

export const SKIP_HINT = 'Mend the file, or set on_bad_row: skip to leave such rows out and have them counted.';

/** The error of a row with the place where it stands. */
export function errorAt(file: string, place: RowPlace, error: CookbookError, hint?: string): CookbookError {
  const Kind = error instanceof DataFormatError ? DataFormatError : DataValidationError;
  const help = error.hint ?? hint;
  const at = place.unit === 'line' ? `${file}:${place.number}` : `${file}: row ${place.number}`;
  return new Kind(`${at}: ${error.message}`, { ...(help === undefined ? {} : { hint: help }), cause: error });
}

/** `line 4`, or `lines 4, 9, 12, …`: for warnings that count rows. */
export function namedRows(places: readonly RowPlace[]): string {
  const more = places.length > NAMED ? ', …' : '';
  const numbers = places.slice(0, NAMED).map(({ number }) => number);
  return `${places[0]?.unit ?? 'line'}${places.length === 1 ? '' : 's'} ${numbers.join(', ')}${more}`;
}

type Parsed = { value: JsonObject; problem: null } | { value: null; problem: CookbookError };

function parsed({ text, problem, number }: Line, isArray: boolean): Parsed {
  if (problem !== null) return { value: null, problem: new DataFormatError(problem) };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const isObjectOverLines = number === 1 && !isArray && text.trim() === '{';
    const hint = isObjectOverLines
      ? { hint: 'One JSON object over several lines holds no rows: write one row a line, or a list [ … ] of rows.' }
      : {};
    const reason = new DataFormatError(jsonProblem(error), { cause: error, ...hint });
    return { value: null, problem: reason };
  }
  if (isJsonObject(value)) return { value, problem: null };
  const what = isArray ? 'each element of the list must be' : 'each line must hold';
  return { value: null, problem: new DataFormatError(`${what} a JSON object`) };
}

/** What a file is whose first line is no JSON at all; null for one that may be broken JSON. */
function otherKindOf(firstLine: string): OtherKind | null {
  if (CSV_HEADER.test(firstLine)) return 'CSV';
  return /^\s*[\p{L}#*]/u.test(firstLine) ? 'plain text' : null;
}

type OtherKind = 'CSV' | 'plain text';
const CSV_HEADER = /^("[^"]+"|[\w.-]+)([,;\t] ?("[^"]+"|[\w.-]+))+\s*$/;

function notJson(kind: OtherKind): DataFormatError {
  return new DataFormatError(`not valid JSON: this looks like ${kind}`, {
    hint: 'Rows have to be JSON objects, one a line.',
  });
}

/** The first character that is not blank, and the whole text from its beginning. */
async function upToFirstMark(
  chunks: AsyncGenerator<Buffer>,
): Promise<{ first: string | null; chunks: AsyncGenerator<Buffer> }> {
  const seen: Buffer[] = [];
  let length = 0;
  let first: string | null = null;
  while (first === null && length <= MAX_LINE_BYTES) {
    const { value, done } = await chunks.next();
    if (done === true) break;
    seen.push(value);
    length += value.length;
    first = /[^ \t\r\n]/.exec(value.toString('latin1'))?.[0] ?? null;
  }
  async function* all(): AsyncGenerator<Buffer> {
    try {
      yield* seen;
      yield* chunks;
    } finally {
      await chunks.return(undefined);
    }
  }
  return { first, chunks: all() };
}
