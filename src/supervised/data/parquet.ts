// The rows of a Parquet file, read by DuckDB, which is loaded when the first such file is met.

import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { DUCKDB_SETTINGS } from '../../util/duckdb.ts';
import { DataFormatError, messageOf } from '../../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../util/json.ts';

/**
 * One object a row. Columns of Parquet hold a value in every row, so that a null is a field which the row leaves out.
 * @throws DataFormatError for a file that is damaged
 */
export async function* parquetRows(file: string): AsyncGenerator<JsonObject> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  // DuckDB takes a name for a pattern where it can; a file that is open already has a name without any.
  const opened = /[*?[]/.test(resolve(file)) ? await open(file) : null;
  const path = opened === null ? resolve(file) : `/dev/fd/${opened.fd}`;
  const instance = await DuckDBInstance.create(':memory:', { ...DUCKDB_SETTINGS, preserve_insertion_order: 'true' });
  const connection = await instance.connect();
  try {
    const sql = 'SELECT * FROM read_parquet($1, hive_partitioning = false)';
    const result = await connection.stream(sql, [path]);
    for await (const rows of result.yieldRowObjectJson()) for (const row of rows) yield withoutNulls(row);
  } catch (error) {
    const [reason = ''] = messageOf(error).split('\n');
    throw new DataFormatError(
      `${file}: not a Parquet file that can be read: ${reason.replace(/^\w[\w ]* Error: /, '').replaceAll(path, file)}`,
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

function withoutNulls(object: JsonObject): JsonObject {
  const kept = Object.entries(object).filter(([, value]) => value !== null);
  return Object.fromEntries(kept.map(([key, value]) => [key, fieldsOf(value)]));
}

function fieldsOf(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(fieldsOf);
  return isJsonObject(value) ? withoutNulls(value) : value;
}
