// The summary of a single run: what it is and how it stands, what it has learned, and every metric from its first value to its last.

import type { DuckDBConnection } from '@duckdb/node-api';
import type { Goal } from '../run_files/objective.ts';
import { type JsonValue, numberOf } from '../util/json.ts';
import { readRows } from './database.ts';
import { curves, measure } from './measure.ts';
import { MetricFiles } from './metric_files.ts';
import { MetricOrder } from './metric_order.ts';
import { findMetrics, loadMetrics, METRIC_ROWS, type MetricColumn } from './metrics.ts';
import { tellingMetrics } from './objective.ts';
import type { RunEntry, RunRow } from './run_entry.ts';

export interface RunSummary {
  run: RunRow;
  learned: LearnedSoFar | null;
  /** In the order in which they are shown. */
  metrics: MetricSummary[];
}

/** Of the metric that tells most of those that were logged twice or more; null values are not numbers, or not known. */
interface LearnedSoFar {
  metric: string;
  goal: Goal | null;
  first: number;
  last: number;
  best: number | null;
  best_step: number | null;
}

/** By the order of steps. Least and greatest of the finite values, for numeric metrics. */
interface MetricSummary {
  metric: string;
  first: JsonValue;
  last: JsonValue;
  least: number | null;
  greatest: number | null;
  /** Steps with a value. */
  n: number;
  curve: number[];
  /** Shown only where everything is asked for. */
  isDetail: boolean;
}

/** @returns the summary, and notices about what could not be read */
export async function summariseRun(
  connection: DuckDBConnection,
  entry: RunEntry,
): Promise<{ summary: RunSummary; notices: string[] }> {
  const files = await MetricFiles.open(connection, [entry]);
  const telling = tellingMetrics(entry);
  const order = new MetricOrder(telling.map(({ metric }) => metric));
  const columns = await loadMetrics(files, await findMetrics(files));
  const metrics: MetricSummary[] = [];
  for (const column of columns.sort((a, b) => order.compare(a.metric, b.metric))) {
    const isDetail = order.isDetail(column.metric);
    metrics.push({ ...(await summariseMetric(connection, column)), isDetail });
  }
  const learned = await learnedSoFar(connection, { telling, columns, metrics });
  return { summary: { run: entry.row, learned, metrics }, notices: files.notices };
}

async function learnedSoFar(
  connection: DuckDBConnection,
  { telling, columns, metrics }: { telling: Telling[]; columns: MetricColumn[]; metrics: MetricSummary[] },
): Promise<LearnedSoFar | null> {
  for (const { metric, goal } of telling) {
    const { first, last, n } = metrics.find((each) => each.metric === metric) ?? { first: null, last: null, n: 0 };
    const column = columns.find((each) => each.metric === metric)?.column;
    if (typeof first !== 'number' || typeof last !== 'number' || n < 2 || column === undefined) continue;
    const measured =
      goal === null ? undefined : await measure(connection, column, { metric, goal, at: { kind: 'best' } });
    const { value = null, step = null } = measured?.get(0) ?? {};
    return { metric, goal, first, last, best: value, best_step: step };
  }
  return null;
}

type Telling = ReturnType<typeof tellingMetrics>[number];

/** The order in which values were logged: lines without a step come first, in the order of the file. */
const LOGGED = '(coalesce(step, -1), rowid)';

async function summariseMetric(
  connection: DuckDBConnection,
  { metric, type, column }: MetricColumn,
): Promise<Omit<MetricSummary, 'isDetail'>> {
  const numeric = type === 'DOUBLE';
  const extreme = (aggregate: string) => (numeric ? `${aggregate}(${column}) FILTER (isfinite(${column}))` : 'NULL');
  const [row] = await readRows(
    connection,
    `SELECT arg_min(${column}, ${LOGGED}) AS first, arg_max(${column}, ${LOGGED}) AS last,
       ${extreme('min')} AS least, ${extreme('max')} AS greatest, count(${column}) AS n FROM ${METRIC_ROWS}`,
  );
  return {
    metric,
    first: row?.first ?? null,
    last: row?.last ?? null,
    least: numberOf(row?.least),
    greatest: numberOf(row?.greatest),
    n: numberOf(row?.n) ?? 0,
    curve: numeric ? ((await curves(connection, column, [0])).get(0) ?? []) : [],
  };
}
