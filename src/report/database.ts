// The in-memory DuckDB that a report is made in: opening it, filling tables with JSON rows, reading results as JSON, sealing it.

import type { DuckDBConnection, DuckDBMaterializedResult, DuckDBValueConverter } from '@duckdb/node-api';
import type { JsonObject, JsonValue } from '../util/json.ts';
import { type Columns, quoteText } from './columns.ts';

/** Nothing spills to disk and nothing is fetched: all that a query may see is in memory before it runs. */
const SETTINGS = {
  temp_directory: '',
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
  allow_community_extensions: 'false',
  allow_persistent_secrets: 'false',
};

export async function openDatabase(): Promise<DuckDBConnection> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', SETTINGS);
  const connection = await instance.connect();
  await connection.run(`SET TimeZone = 'UTC'`);
  return connection;
}

/** From here on the database reaches no file and no network, and nothing that runs in it can change that. */
export async function sealDatabase(connection: DuckDBConnection): Promise<void> {
  await connection.run('SET enable_external_access = false');
  await connection.run('SET lock_configuration = true');
}

const ROWS_AT_ONCE = 2_000;

/** Creates a table of the given columns. Missing members are NULL, members that are no column are left out. */
export async function createTable(
  connection: DuckDBConnection,
  name: string,
  columns: Columns,
  rows: readonly JsonObject[],
): Promise<void> {
  const select = `SELECT unnest(from_json($1::JSON, ${quoteText(JSON.stringify([columns]))}), recursive := true)`;
  await connection.run(`CREATE TABLE ${name} AS ${select}`, [JSON.stringify(rows.slice(0, ROWS_AT_ONCE))]);
  for (let start = ROWS_AT_ONCE; start < rows.length; start += ROWS_AT_ONCE) {
    const slice = rows.slice(start, start + ROWS_AT_ONCE);
    await connection.run(`INSERT INTO ${name} ${select}`, [JSON.stringify(slice)]);
  }
}

export interface QueryResult {
  /** Types as DuckDB writes them in SQL. */
  columns: { name: string; type: string }[];
  rows: JsonValue[][];
}

/** Runs a statement of ours and gives its rows by column name. */
export async function readRows(connection: DuckDBConnection, sql: string): Promise<JsonObject[]> {
  const { columns, rows } = await resultOf(await connection.run(sql));
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i] ?? null])));
}

/** Numbers of every width come as numbers where a number holds them exactly, NaN and the infinities as text, JSON parsed. */
export async function resultOf(result: DuckDBMaterializedResult): Promise<QueryResult> {
  const columns = resultColumns(result);
  const rows: JsonValue[][] = await result.convertRows(await jsonConverter());
  for (const [i, { type }] of columns.entries()) {
    if (type === 'JSON') for (const row of rows) row[i] = parsed(row[i]);
  }
  return { columns, rows };
}

export function resultColumns(result: DuckDBMaterializedResult): QueryResult['columns'] {
  const types = result.columnTypes();
  // JSON is a VARCHAR under an alias, which the text of the type does not show.
  return result.deduplicatedColumnNames().map((name, i) => ({ name, type: types[i]?.alias ?? String(types[i]) }));
}

async function jsonConverter(): Promise<DuckDBValueConverter<JsonValue>> {
  const { DuckDBTypeId, JsonDuckDBValueConverter } = await import('@duckdb/node-api');
  const wideNumbers = new Set([
    DuckDBTypeId.BIGINT,
    DuckDBTypeId.UBIGINT,
    DuckDBTypeId.HUGEINT,
    DuckDBTypeId.UHUGEINT,
    DuckDBTypeId.DECIMAL,
  ]);
  return (value, type, self) => {
    if (value !== null && wideNumbers.has(type.typeId)) return exactNumber(String(value));
    return JsonDuckDBValueConverter(value, type, self);
  };
}

function parsed(text: JsonValue | undefined): JsonValue {
  return typeof text === 'string' ? JSON.parse(text) : null;
}

function exactNumber(text: string): JsonValue {
  const number = Number(text);
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? text : number;
}
