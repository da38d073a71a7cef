// Rows that DuckDB reads from a file, which is loaded when the first such file is met.

import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { DUCKDB_SETTINGS } from '../../util/duckdb.ts';
import { CookbookError, DataFormatError, messageOf } from '../../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../util/json.ts';

/** Few, since what each of them reads has a buffer of its own. */
const THREADS = '2';

/**
 * Opens a DuckDB for one file, asks it, and closes it, which gives its memory back.
 * @param kind what the file is, for messages
 * @throws DataFormatError for a file that is damaged
 */
export async function* askDuckdb<T>(
  file: string,
  kind: string,
  ask: (connection: DuckDBConnection, path: string) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  // DuckDB takes a name for a pattern where it can; a file that is open already has a name without any.
  const opened = /[*?[]/.test(resolve(file)) ? await open(file) : null;
  const path = opened === null ? resolve(file) : `/dev/fd/${opened.fd}`;
  const settings = { ...DUCKDB_SETTINGS, preserve_insertion_order: 'true', threads: THREADS };
  const instance = await DuckDBInstance.create(':memory:', settings);
  const connection = await instance.connect();
  try {
    yield* ask(connection, path);
  } catch (error) {
    if (error instanceof CookbookError) throw error;
    const [reason = ''] = messageOf(error).split('\n');
    throw new DataFormatError(
      `${file}: not ${kind} that can be read: ${reason.replace(/^\w[\w ]* Error: /, '').replaceAll(path, file)}`,
      {
        hint: 'Download or write it again.',
        cause: error,
      },
    );
  } finally {
    connection.closeSync();
    instance.closeSync();
    await opened?.close();
  }
}

/** The rows of a SELECT. A column holds a value in every row, so that a null is a field which the row leaves out. */
export async function* selectedRows(
  connection: DuckDBConnection,
  sql: string,
  values: (string | number)[],
): AsyncGenerator<JsonObject> {
  const result = await connection.stream(sql, values);
  for await (const rows of result.yieldRowObjectJson()) for (const row of rows) yield withoutNulls(row);
}

export function withoutNulls(object: JsonObject): JsonObject {
  const kept = Object.entries(object).filter(([, value]) => value !== null);
  return Object.fromEntries(kept.map(([key, value]) => [key, fieldsOf(value)]));
}

function fieldsOf(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(fieldsOf);
  return isJsonObject(value) ? withoutNulls(value) : value;
}
