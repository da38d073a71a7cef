// Writes a table as a Parquet file, from a database of its own: the one that questions are asked in reaches no file.

import type { DuckDBConnection } from '@duckdb/node-api';
import { quoteName, quoteText } from './columns.ts';
import { type Answer, createTable, openDatabase } from './database.ts';
import type { DataTable } from './summary_table.ts';

/** @param fill creates the table `result` in the database that it is given */
export async function writeParquet(file: string, fill: (connection: DuckDBConnection) => Promise<void>): Promise<void> {
  const connection = await openDatabase();
  try {
    await fill(connection);
    await connection.run(`COPY result TO ${quoteText(file)} (FORMAT parquet)`);
  } finally {
    connection.closeSync();
  }
}

export function fillFromTable({ columns, rows }: DataTable) {
  return (connection: DuckDBConnection) => createTable(connection, 'result', columns, rows);
}

/** Chunk by chunk, so that every type arrives as it was. */
export function fillFromAnswer({ columns, chunks }: Answer) {
  return async (connection: DuckDBConnection) => {
    const definitions = columns.map(({ name, type }) => `${quoteName(name)} ${type}`);
    await connection.run(`CREATE TABLE result (${definitions.join(', ')})`);
    const appender = await connection.createAppender('result');
    for (const chunk of chunks) appender.appendDataChunk(chunk);
    appender.closeSync();
  };
}
