// The rows of a Parquet file: all of them, or those between two numbers, read without what lies around them.

import type { JsonObject } from '../../util/json.ts';
import { askDuckdb, selectedRows } from './duckdb_rows.ts';
import type { Block } from './row_order.ts';

const KIND = 'a Parquet file';

/** One object a row. @throws DataFormatError for a file that is damaged */
export async function* parquetRows(file: string): AsyncGenerator<JsonObject> {
  const sql = 'SELECT * FROM read_parquet($1, hive_partitioning = false)';
  yield* askDuckdb(file, KIND, (connection, path) => selectedRows(connection, sql, [path]));
}

/** So many rows from a number on, from 0. DuckDB passes over the row groups that hold none of them. */
export async function parquetRange(
  file: string,
  { start, rows }: Pick<Block, 'start' | 'rows'>,
): Promise<JsonObject[]> {
  const sql = `SELECT * EXCLUDE (file_row_number) FROM read_parquet($1, hive_partitioning = false, file_row_number = true)
    WHERE file_row_number BETWEEN $2 AND $3`;
  const found: JsonObject[] = [];
  const range = askDuckdb(file, KIND, (connection, path) =>
    selectedRows(connection, sql, [path, start, start + rows - 1]),
  );
  for await (const row of range) found.push(row);
  return found;
}

/** Row groups are cut into pieces of about this size where they are larger. */
const BLOCK_BYTES = 2 ** 22;
const BLOCK_ROWS = 2048;

/** The row groups of a file, or pieces of them, by its metadata alone. @throws DataFormatError for a file that is damaged */
export async function parquetBlocks(file: string): Promise<Block[]> {
  const sql = `SELECT any_value(row_group_num_rows)::INTEGER AS rows, sum(total_uncompressed_size)::DOUBLE AS bytes
    FROM parquet_metadata($1) GROUP BY row_group_id ORDER BY row_group_id`;
  const blocks: Block[] = [];
  let first = 0;
  const groups = askDuckdb(file, KIND, (connection, path) => selectedRows(connection, sql, [path]));
  for await (const group of groups) {
    const [rows, bytes] = [Number(group.rows), Number(group.bytes)];
    const pieces = Math.min(rows, Math.max(Math.ceil(bytes / BLOCK_BYTES), Math.ceil(rows / BLOCK_ROWS)));
    for (let piece = 0; piece < pieces; piece++) {
      const start = Math.floor((rows * piece) / pieces);
      const count = Math.floor((rows * (piece + 1)) / pieces) - start;
      blocks.push({ start: first + start, rows: count, bytes: (bytes * count) / rows });
    }
    first += rows;
  }
  return blocks;
}
