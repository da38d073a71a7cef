// Reads off the metrics table the value of each run that counts.

import type { DuckDBConnection } from '@duckdb/node-api';
import { type Measurement, Measuring, type Objective } from '../run_files/objective.ts';
import { type JsonObject, numberOf } from '../util/json.ts';
import { readRows } from './database.ts';
import { METRIC_ROWS } from './metrics.ts';

/** The value that counts of every run that has one, by run index. @param column of METRIC_ROWS, with the metric */
export async function measure(
  connection: DuckDBConnection,
  column: string,
  objective: Objective,
): Promise<Map<number, Measurement>> {
  const runs = new Map<number, Measuring>();
  for (const { run_index, step, value } of await candidates(connection, column, objective)) {
    const run = Number(run_index);
    const measuring = runs.get(run) ?? new Measuring(objective);
    measuring.add(numberOf(step), Number(value));
    runs.set(run, measuring);
  }
  const reached = objective.at.kind === 'step' ? await lastSteps(connection) : new Map<number, number>();
  const results = [...runs].map(([run, measuring]) => [run, measuring.result(reached.get(run) ?? null)] as const);
  return new Map(results.filter(([, { value }]) => value !== null));
}

/**
 * In the order in which they were logged, the rows of which one may count: there may be millions of others. Which of these does
 * count is for the definition to say.
 */
async function candidates(connection: DuckDBConnection, column: string, { at }: Objective): Promise<JsonObject[]> {
  const logged = `${column} IS NOT NULL${at.kind === 'step' ? ` AND step <= ${at.step}` : ''}`;
  const extremes = ['min', 'max']
    .map((of) => `, ${of}(${column}) FILTER (isfinite(${column})) AS ${of}_value`)
    .join('');
  return await readRows(
    connection,
    `SELECT run_index, step, ${column} AS value
     FROM ${METRIC_ROWS} AS logged JOIN (
       SELECT run_index, max(coalesce(step, -1)) AS last_step${at.kind === 'best' ? extremes : ''}
       FROM ${METRIC_ROWS} WHERE ${logged} GROUP BY run_index
     ) USING (run_index)
     WHERE ${logged} AND (coalesce(step, -1) = last_step${at.kind === 'best' ? ` OR ${column} IN (min_value, max_value)` : ''})
     ORDER BY logged.rowid`,
  );
}

/** Of which each run has logged anything, so also steps without the metric. */
async function lastSteps(connection: DuckDBConnection): Promise<Map<number, number>> {
  const rows = await readRows(
    connection,
    `SELECT run_index, max(step) AS step FROM ${METRIC_ROWS} WHERE step IS NOT NULL GROUP BY run_index`,
  );
  return new Map(rows.map(({ run_index, step }) => [Number(run_index), Number(step)]));
}
