// The rows of several Parquet files as one file of the cache, for readers that take one: made once for all runs.

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DUCKDB_SETTINGS } from '../util/duckdb.ts';
import { DataFormatError, messageOf } from '../util/errors.ts';
import { cacheOf, makeOnce } from './cache.ts';

const FILE = 'rows.parquet';
/** Part of the name: another way to merge needs another directory. */
const VERSION = 'v1';
const ROW_GROUP = 2048;

/**
 * One file with the rows of all, in their order. It is known by `identity`, so that must tell what is in the files.
 * @throws DataFormatError for a file that is damaged, or whose columns are not those of the others
 */
export async function mergedParquet(
  files: readonly string[],
  identity: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const name = createHash('sha256').update(identity).digest('hex').slice(0, 32);
  const directory = join(cacheOf('rows', env), `${VERSION}-${name}`);
  await makeOnce({
    directory,
    file: FILE,
    what: `the rows of ${files.length} Parquet files as one`,
    fill: (partial) => merge(files, join(partial, FILE), identity),
  });
  return join(directory, FILE);
}

async function merge(files: readonly string[], target: string, identity: string): Promise<void> {
  const { DuckDBInstance, LIST, VARCHAR, listValue } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', { ...DUCKDB_SETTINGS, preserve_insertion_order: 'true' });
  const connection = await instance.connect();
  try {
    const rows = 'SELECT * FROM read_parquet($1, hive_partitioning = false)';
    const quoted = target.replaceAll("'", "''");
    await connection.run(
      `COPY (${rows}) TO '${quoted}' (FORMAT parquet, ROW_GROUP_SIZE ${ROW_GROUP})`,
      [listValue([...files])],
      [LIST(VARCHAR)],
    );
  } catch (error) {
    const [reason = ''] = messageOf(error).split('\n');
    throw new DataFormatError(`${identity}: cannot be read as one Parquet file: ${reason}`, { cause: error });
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
