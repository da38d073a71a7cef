// The summary of a single run: what it is and how it stands, and every metric from its first value to its last.

import type { DuckDBConnection } from '@duckdb/node-api';
import { type JsonValue, numberOf } from '../util/json.ts';
import { printable } from '../util/printable.ts';
import { readRows } from './database.ts';
import type { Block } from './document.ts';
import { formatSeconds, formatValue } from './format.ts';
import { curves } from './measure.ts';
import { MetricFiles } from './metric_files.ts';
import { findMetrics, loadMetrics, METRIC_ROWS, type MetricColumn } from './metrics.ts';
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
  const files = await MetricFiles.open(connection, [entry]);
  const metrics: MetricSummary[] = [];
  for (const column of await loadMetrics(files, await findMetrics(files))) {
    metrics.push(await summariseMetric(connection, column));
  }
  return { summary: { run: entry.row, metrics }, notices: files.notices };
}

/** The order in which values were logged: lines without a step come first, in the order of the file. */
const LOGGED = '(coalesce(step, -1), rowid)';

async function summariseMetric(
  connection: DuckDBConnection,
  { metric, type, column }: MetricColumn,
): Promise<MetricSummary> {
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
