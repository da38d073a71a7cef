// The in-memory DuckDB that a report is made in: opening it, filling tables with JSON rows, reading results as JSON, sealing it.

import type { DuckDBConnection, DuckDBDataChunk, DuckDBResult, DuckDBValueConverter } from '@duckdb/node-api';
import { parseForeign } from '../run_files/foreign_json.ts';
import { DUCKDB_SETTINGS } from '../util/duckdb.ts';
import { type JsonObject, type JsonValue, spellNumber } from '../util/json.ts';
import { type Columns, quoteText } from './columns.ts';
import { checkSize, defaultBytes } from './limits.ts';

/**
 * All that a query may see is in memory before it runs.
 * @param bytes that it may take
 * @param threads that it may use; as many as there are cores if absent
 */
export async function openDatabase(bytes = defaultBytes(), threads?: number): Promise<DuckDBConnection> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', {
    ...DUCKDB_SETTINGS,
    memory_limit: `${bytes}B`,
    ...(threads !== undefined && { threads: String(threads) }),
  });
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
  await connection.run(`CREATE TABLE ${name} AS ${select}`, [JSON.stringify(rows.slice(0, ROWS_AT_ONCE), spellNumber)]);
  for (let start = ROWS_AT_ONCE; start < rows.length; start += ROWS_AT_ONCE) {
    const slice = rows.slice(start, start + ROWS_AT_ONCE);
    await connection.run(`INSERT INTO ${name} ${select}`, [JSON.stringify(slice, spellNumber)]);
  }
}

export interface QueryResult {
  /** Types as DuckDB writes them in SQL. */
  columns: { name: string; type: string }[];
  rows: JsonValue[][];
}

/** The result of a statement while it is DuckDB's, with all types. */
export interface Answer {
  columns: QueryResult['columns'];
  chunks: DuckDBDataChunk[];
}

/** Runs a statement of ours and gives its rows by column name. */
export async function readRows(connection: DuckDBConnection, sql: string): Promise<JsonObject[]> {
  const result = await connection.run(sql);
  const toJson = await jsonReader();
  const { columns, rows } = toJson({ columns: resultColumns(result), chunks: await result.fetchAllChunks() });
  return rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i] ?? null])));
}

/**
 * A function that turns answers into JSON: numbers of every width come as numbers where a number holds them exactly, NaN and the
 * infinities as text, JSON parsed.
 */
export async function jsonReader(): Promise<(answer: Answer) => QueryResult> {
  const [{ DuckDBListVector }, convert] = [await import('@duckdb/node-api'), await jsonConverter()];
  /** Those of lists, which may be millions in one row. */
  const innerValues = (chunk: DuckDBDataChunk) => {
    let count = 0;
    for (let column = 0; column < chunk.columnCount; column++) {
      let vector = chunk.getColumnVector(column);
      while (vector instanceof DuckDBListVector) {
        vector = vector.childVector;
        count += vector.itemCount;
      }
    }
    return count;
  };
  return ({ columns, chunks }) => {
    const perRow = columns.reduce((sum, { name }) => sum + name.length + CHARACTERS_OF_A_VALUE, 0);
    let [values, characters] = [0, 0];
    const rows: JsonValue[][] = [];
    for (const chunk of chunks) {
      const inner = innerValues(chunk);
      values += chunk.rowCount * columns.length + inner;
      characters += chunk.rowCount * perRow + inner * CHARACTERS_OF_A_VALUE;
      checkSize(values, characters);
      for (let i = 0; i < chunk.rowCount; i++) {
        const row = chunk
          .convertRowValues(i, convert)
          .map((value, column) =>
            columns[column]?.type === 'JSON' && typeof value === 'string' ? parseForeign(value) : value,
          );
        characters += row.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 0), 0);
        checkSize(values, characters);
        rows.push(row);
      }
    }
    return { columns, rows };
  };
}

const CHARACTERS_OF_A_VALUE = 16;

export function resultColumns(result: DuckDBResult): QueryResult['columns'] {
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

function exactNumber(text: string): JsonValue {
  const number = Number(text);
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? text : number;
}
