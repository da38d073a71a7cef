// What a report holds, in every format; and the report on an answer to a question in SQL.

import type { DuckDBConnection } from '@duckdb/node-api';
import type { JsonValue } from '../util/json.ts';
import { printable } from '../util/printable.ts';
import { type Answer, jsonReader, type QueryResult } from './database.ts';
import type { Block } from './document.ts';
import { formatValue } from './format.ts';
import { withinText } from './limits.ts';
import { fillFromAnswer } from './parquet.ts';

export interface ReportContents {
  readonly blocks: Block[];
  readonly json: JsonValue;
  readonly table: QueryResult;
  /** Creates the table `result` with exact types, for Parquet. */
  fill(connection: DuckDBConnection): Promise<void>;
}

export async function reportOnAnswer(answer: Answer): Promise<ReportContents> {
  const toJson = await jsonReader();
  // Only when asked for: Parquet takes the answer as it is, and that may be more than fits into JSON.
  let read: QueryResult | null = null;
  const table = () => {
    read ??= withinText(() => toJson(answer));
    return read;
  };
  return {
    get table() {
      return table();
    },
    get blocks() {
      return [{ table: textTable(table()) }];
    },
    get json() {
      const { columns, rows } = table();
      return rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i] ?? null])));
    },
    fill: fillFromAnswer(answer),
  };
}

const NUMERIC = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|U?INTEGER|FLOAT|DOUBLE|DECIMAL.*)$/;

function textTable({ columns, rows }: QueryResult) {
  return {
    columns: columns.map(({ name, type }) => ({
      name: printable(name),
      align: NUMERIC.test(type) ? ('right' as const) : ('left' as const),
    })),
    rows: rows.map((row) => row.map(formatValue)),
  };
}
