// Parquet files for tests, written by DuckDB.

import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

/** Writes the result of a SELECT as `directory/name`, whatever characters the name has. */
export async function writeParquet(
  directory: string,
  name: string,
  select: string,
  rowGroup = 122_880,
): Promise<string> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const plain = join(directory, 'plain-name.parquet');
  await connection.run(`COPY (${select}) TO '${plain}' (FORMAT parquet, ROW_GROUP_SIZE ${rowGroup})`);
  connection.closeSync();
  instance.closeSync();
  await rename(plain, join(directory, name));
  return join(directory, name);
}
