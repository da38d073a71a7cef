// Reads off the metrics table what a summary needs of each run: the value that counts, and the shape of the curve.

import type { DuckDBConnection } from '@duckdb/node-api';
import { quoteName } from './columns.ts';
import { readRows } from './database.ts';
import { numberOf } from './json_files.ts';
import { METRIC_ROWS } from './metrics.ts';
import type { Objective } from './objective.ts';

export interface Measurement {
  /** Null for a run that did not log the metric, or did not get as far as the step asked for. May be NaN or infinite. */
  value: number | null;
  /** The step of the value; null if it was logged without one. */
  step: number | null;
}

/** The value that counts of every run that has one, by run index. */
export async function measure(connection: DuckDBConnection, objective: Objective): Promise<Map<number, Measurement>> {
  const metric = quoteName(objective.metric);
  const rank = rankOf(objective, metric);
  const rows = await readRows(
    connection,
    `SELECT run_index, arg_max(${metric}, ${rank}) AS value, arg_max(step, ${rank}) AS step
     FROM ${METRIC_ROWS} WHERE ${metric} IS NOT NULL ${onlyRunsThatGotTo(objective)} GROUP BY run_index`,
  );
  return new Map(rows.map((row) => [Number(row.run_index), { value: Number(row.value), step: numberOf(row.step) }]));
}

/** What the row whose value counts has the most of. */
function rankOf({ goal, at }: Objective, metric: string): string {
  // A row without a step, such as a final evaluation of the Python cookbook, ranks first: steps tell more.
  if (at.kind !== 'best') return 'coalesce(step, -1)';
  const better = goal === 'maximize' ? metric : `-${metric}`;
  return `CASE WHEN isfinite(${metric}) THEN ${better} ELSE '-Infinity'::DOUBLE END`;
}

function onlyRunsThatGotTo({ at }: Objective): string {
  if (at.kind !== 'step') return '';
  const far = `SELECT run_index FROM ${METRIC_ROWS} GROUP BY run_index HAVING max(step) >= ${at.step}`;
  return `AND coalesce(step, -1) <= ${at.step} AND run_index IN (${far})`;
}

const MOST_POINTS = 12;

/**
 * The course of a metric by run index: its last finite value in each of a few equal spans of steps, from 0 to the last step of
 * all these runs, so that curves of one table can be held against each other. A span without a value has that of the span before
 * it, as far as the run got; beyond, and before the first value, there is NaN.
 */
export async function curves(
  connection: DuckDBConnection,
  metric: string,
  runIndices: readonly number[],
): Promise<Map<number, number[]>> {
  const of = `FROM ${METRIC_ROWS} WHERE run_index IN (${runIndices.join(', ')}) AND step >= 0`;
  const [longest] = await readRows(connection, `SELECT max(step) + 1 AS steps ${of}`);
  const steps = numberOf(longest?.steps) ?? 0;
  if (steps === 0) return new Map();
  const points = Math.min(steps, MOST_POINTS);
  const rows = await readRows(
    connection,
    `SELECT run_index, step * ${points} // ${steps} AS span, arg_max(${quoteName(metric)}, step) AS value
     ${of} AND isfinite(${quoteName(metric)}) GROUP BY run_index, span`,
  );
  const curves = new Map<number, number[]>();
  for (const { run_index, span, value } of rows) {
    const curve = curves.get(Number(run_index)) ?? new Array<number>(points).fill(Number.NaN);
    curve[Number(span)] = Number(value);
    curves.set(Number(run_index), curve);
  }
  for (const curve of curves.values()) holdValues(curve);
  return curves;
}

/** A metric that is logged every so many steps keeps its value in between. */
function holdValues(curve: number[]): void {
  const end = curve.findLastIndex(Number.isFinite);
  for (let i = 1; i < end; i++) if (Number.isNaN(curve[i])) curve[i] = curve[i - 1] ?? Number.NaN;
}
