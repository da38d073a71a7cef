// Every metric of every run, from its first value to its last, in one pass over each column of the metrics table.

import type { DuckDBConnection } from '@duckdb/node-api';
import { type JsonValue, numberOf } from '../util/json.ts';
import { readRows } from './database.ts';
import { METRIC_ROWS, type MetricColumn } from './metrics.ts';
import { Readings } from './readings.ts';

export interface RunMetric {
  metric: string;
  first: JsonValue;
  last: JsonValue;
  /** Of the finite values of a numeric metric. */
  least: number | null;
  greatest: number | null;
  /** Steps with a value. */
  n: number;
  /** Its course over the steps; empty where nobody asked for it, NaN where it has no value. */
  curve: number[];
}

/** The order in which values were logged: lines without a step come first, in the order of the file. */
const LOGGED = '(coalesce(step, -1), rowid)';

/**
 * By run index.
 * @param columns in the order in which metrics are shown
 * @param indices of the runs whose curves are wanted
 */
export async function runMetrics(
  connection: DuckDBConnection,
  columns: readonly MetricColumn[],
  indices: readonly number[],
): Promise<Map<number, RunMetric[]>> {
  const runs = new Map<number, RunMetric[]>();
  for (const each of columns) {
    const { metric, type, column } = each;
    const courses =
      type === 'DOUBLE' && indices.length > 0
        ? (await Readings.ofTable(connection, [each])).curves(metric, indices)
        : new Map<number, number[]>();
    for (const row of await readRows(connection, statement(column, type === 'DOUBLE'))) {
      const index = Number(row.run_index);
      const metrics = runs.get(index) ?? [];
      runs.set(index, metrics);
      metrics.push({
        metric,
        first: row.first ?? null,
        last: row.last ?? null,
        least: numberOf(row.least),
        greatest: numberOf(row.greatest),
        n: numberOf(row.n) ?? 0,
        curve: courses.get(index) ?? [],
      });
    }
  }
  return runs;
}

function statement(column: string, isNumeric: boolean): string {
  const extreme = (aggregate: string) => (isNumeric ? `${aggregate}(${column}) FILTER (isfinite(${column}))` : 'NULL');
  return `SELECT run_index, arg_min(${column}, ${LOGGED}) AS first, arg_max(${column}, ${LOGGED}) AS last,
     ${extreme('min')} AS least, ${extreme('max')} AS greatest, count(*) AS n
   FROM ${METRIC_ROWS} WHERE ${column} IS NOT NULL GROUP BY run_index`;
}
