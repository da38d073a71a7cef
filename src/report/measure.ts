// Reads off the metrics table what a summary needs of each run: the value that counts, and the shape of the curve.

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

const MOST_POINTS = 12;

/**
 * The course of a metric by run index: its last finite value in each of a few equal spans of steps, from 0 to the last step of
 * all these runs, so that curves of one table can be held against each other. A span without a value has that of the span before
 * it, as far as the run got; beyond, and before the first value, there is NaN. The first, the last, the least and the greatest
 * value are always among them: where a span has several of them, its neighbours give way.
 */
export async function curves(
  connection: DuckDBConnection,
  column: string,
  runIndices: readonly number[],
): Promise<Map<number, number[]>> {
  const of = `FROM ${METRIC_ROWS} WHERE run_index IN (${runIndices.join(', ')}) AND step BETWEEN 0 AND ${Number.MAX_SAFE_INTEGER}`;
  const [longest] = await readRows(connection, `SELECT floor(max(step))::BIGINT + 1 AS steps ${of}`);
  const steps = numberOf(longest?.steps) ?? 0;
  if (steps === 0) return new Map();
  const points = Math.min(steps, MOST_POINTS);
  const numbers = `${column} AS value ${of} AND isfinite(${column})`;
  // One number for run and span: groups by two of them take twice the time.
  await connection.run(
    `CREATE OR REPLACE TABLE ${SPANS} AS
     SELECT run_index * ${points} + floor(step * ${points} / ${steps}) AS place, arg_max(value, step) AS value,
       arg_min(value, step) AS first, min(step) AS first_step, max(step) AS last_step, min(value) AS least, max(value) AS greatest
     FROM (SELECT run_index, step, ${numbers}) GROUP BY place`,
  );
  const [places = [], values = []] = await (await connection.run(`SELECT place, value FROM ${SPANS}`)).getColumnsJS();
  const curves = new Map<number, number[]>();
  for (const [i, each] of places.entries()) {
    const place = Number(each);
    const run = Math.floor(place / points);
    const curve = curves.get(run) ?? new Array<number>(points).fill(Number.NaN);
    curve[place % points] = Number(values[i]);
    curves.set(run, curve);
  }
  for (const [run, notable] of await notableValues(connection, numbers, points)) {
    const curve = curves.get(run) ?? [];
    holdValues(curve);
    placeValues(
      notable.map(({ step, value }) => ({ value, span: Math.floor((step * points) / steps) })),
      curve,
    );
  }
  return curves;
}

/** By run and span of steps: the last value, and what may stand out of all. */
const SPANS = 'internal.spans';

interface Notable {
  step: number;
  value: number;
}

/** By run index, in the order of steps: the first and the last value, and the first of the least and of the greatest. */
async function notableValues(
  connection: DuckDBConnection,
  numbers: string,
  points: number,
): Promise<Map<number, Notable[]>> {
  const result = await connection.run(
    `WITH ends AS (
       SELECT floor(place / ${points})::BIGINT AS run_index, min(first_step) AS first_step, arg_min(first, first_step) AS first,
         max(last_step) AS last_step, arg_max(value, last_step) AS last, min(least) AS least, max(greatest) AS greatest
       FROM ${SPANS} GROUP BY run_index
     ), extremes AS (
       SELECT run_index, min(step) FILTER (value = least) AS least_step, min(step) FILTER (value = greatest) AS greatest_step
       FROM (SELECT run_index, step, ${numbers}) JOIN ends USING (run_index)
       WHERE value = least OR value = greatest GROUP BY run_index
     )
     SELECT run_index, first_step, first, last_step, last, least_step, least, greatest_step, greatest
     FROM ends JOIN extremes USING (run_index)`,
  );
  const runs = new Map<number, Notable[]>();
  for (const row of await result.getRowsJS()) {
    const [run = 0, ...pairs] = row.map(Number);
    const notable = new Map<number, number>();
    for (let i = 0; i < pairs.length; i += 2) notable.set(pairs[i], pairs[i + 1]);
    const steps = [...notable].map(([step, value]) => ({ step, value }));
    runs.set(
      run,
      steps.sort((a, b) => a.step - b.step),
    );
  }
  return runs;
}

/** Each in a place of its own, in their order, as near to its span as there is room. */
function placeValues(notable: readonly { span: number; value: number }[], curve: number[]): void {
  const places = notable.map(({ span }) => span);
  for (let i = places.length - 2; i >= 0; i--) places[i] = Math.min(places[i], places[i + 1] - 1);
  for (const [i, { value }] of notable.entries()) {
    places[i] = Math.max(places[i], i === 0 ? 0 : places[i - 1] + 1);
    if (places[i] < curve.length) curve[places[i]] = value;
  }
}

/** A metric that is logged every so many steps keeps its value in between. */
function holdValues(curve: number[]): void {
  const end = curve.findLastIndex(Number.isFinite);
  for (let i = 1; i < end; i++) if (Number.isNaN(curve[i])) curve[i] = curve[i - 1] ?? Number.NaN;
}
