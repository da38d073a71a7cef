// The rows of a file of separated values, which its name tells from text: every value is a text, as it stands.

import type { JsonObject } from '../../util/json.ts';
import { askDuckdb, selectedRows } from './duckdb_rows.ts';

/** No magic begins such a file. */
export function isCsv(file: string): boolean {
  return /\.(csv|tsv)(\.gz)?$/i.test(file);
}

/** One object a row, by the names in the first line; an empty value is a field that the row leaves out. */
export async function* csvRows(file: string): AsyncGenerator<JsonObject> {
  const separator = /\.tsv(\.gz)?$/i.test(file) ? '\t' : ',';
  const sql = `SELECT * FROM read_csv($1, header = true, all_varchar = true, delim = '${separator}', quote = '"', escape = '"',
    strict_mode = true, hive_partitioning = false, compression = '${file.endsWith('.gz') ? 'gzip' : 'none'}')`;
  yield* askDuckdb(file, 'a csv file', (connection, path) => selectedRows(connection, sql, [path]));
}
