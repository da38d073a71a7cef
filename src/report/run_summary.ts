// The summary of a single run: what it is and how it stands, and every metric from its first value to its last.

import type { DuckDBConnection } from '@duckdb/node-api';
import { type JsonValue, numberOf } from '../util/json.ts';
import { quoteName } from './columns.ts';
import { readRows } from './database.ts';
import type { Block } from './document.ts';
import { formatSeconds, formatValue, printable } from './format.ts';
import { curves } from './measure.ts';
import { findMetrics, loadMetrics, METRIC_ROWS } from './metrics.ts';
import type { RunEntry, RunRow } from './run_entry.ts';
import { sparkline } from './sparkline.ts';

export interface RunSummary {
  run: RunRow;
  metrics: MetricSummary[];
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
}

/** @returns the summary, and notices about what could not be read */
export async function summariseRun(
  connection: DuckDBConnection,
  entry: RunEntry,
): Promise<{ summary: RunSummary; notices: string[] }> {
  const notices = await loadMetrics(connection, [entry], await findMetrics(connection, [entry]));
  const columns = await readRows(
    connection,
    `SELECT column_name AS name, data_type AS type FROM duckdb_columns()
     WHERE table_name = 'metric_rows' AND column_name NOT IN ('run_index', 'step') ORDER BY column_index`,
  );
  const metrics: MetricSummary[] = [];
  for (const { name, type } of columns)
    metrics.push(await summariseMetric(connection, String(name), type === 'DOUBLE'));
  return { summary: { run: entry.row, metrics }, notices };
}

/** The order in which values were logged: lines without a step come first, in the order of the file. */
const LOGGED = '(coalesce(step, -1), rowid)';

async function summariseMetric(connection: DuckDBConnection, metric: string, numeric: boolean): Promise<MetricSummary> {
  const column = quoteName(metric);
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
    curve: numeric ? ((await curves(connection, metric, [0])).get(0) ?? []) : [],
  };
}

export function runBlocks({ run, metrics }: RunSummary, look: string): Block[] {
  const state = run.error === null ? run.state : `${run.state}: ${run.error} (see ${look})`;
  const of = run.total_steps === null ? '' : ` of ${run.total_steps}`;
  const facts = [
    ['state', state],
    ['steps', run.steps === null ? null : `${run.steps}${of}`],
    ['time', run.seconds === null ? null : formatSeconds(run.seconds)],
    ['seed', run.seed === null ? null : String(run.seed)],
    ['attempt', run.attempt === null ? null : String(run.attempt)],
    ['configuration', run.config_id],
    ['commit', run.git_commit === null ? null : `${run.git_commit}${run.git_dirty === true ? ' with changes' : ''}`],
  ];
  const rows = metrics.map(({ metric, first, last, least, greatest, curve }) => [
    printable(metric),
    ...[first, last, least, greatest].map(formatValue),
    sparkline(curve),
  ]);
  const columns = ['metric', 'first', 'last', 'least', 'greatest', 'curve'].map((name) => ({
    name,
    align: name === 'metric' || name === 'curve' ? ('left' as const) : ('right' as const),
  }));
  return [
    { heading: printable(run.run) },
    { lines: facts.flatMap(([name, fact]) => (fact == null ? [] : `${name}: ${printable(fact)}`)) },
    rows.length === 0 ? { lines: ['no metrics yet'] } : { table: { columns, rows } },
  ];
}
