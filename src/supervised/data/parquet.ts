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

/**
 * The rows of blocks of a file as JSON texts, block by block; DuckDB passes over the row groups that hold none of them. Texts
 * take a third of the memory of objects.
 */
export async function parquetTexts(
  file: string,
  blocks: readonly Pick<Block, 'start' | 'rows'>[],
): Promise<string[][]> {
  const sql = `SELECT to_json(each) AS text FROM (SELECT * EXCLUDE (file_row_number)
    FROM read_parquet($1, hive_partitioning = false, file_row_number = true) WHERE file_row_number BETWEEN $2 AND $3) AS each`;
  const found: string[][] = [];
  const texts = askDuckdb(file, KIND, async function* (connection, path) {
    for (const { start, rows } of blocks) {
      const ofBlock: string[] = [];
      for await (const { text } of selectedRows(connection, sql, [path, start, start + rows - 1]))
        ofBlock.push(String(text));
      yield ofBlock;
    }
  });
  for await (const ofBlock of texts) found.push(ofBlock);
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
