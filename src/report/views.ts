// The views that SQL is asked over: runs, configs, metrics, metrics_long, checkpoints (those of evaluations apart). docs/report.md describes their columns.

import type { DuckDBConnection } from '@duckdb/node-api';
import { seeCheckpoints } from '../run_files/seen_run.ts';
import { type JsonObject, type JsonValue, objectOf } from '../util/json.ts';
import { type Columns, columnNames, quoteName, renamingNotices } from './columns.ts';
import { configTable } from './configs.ts';
import { createTable } from './database.ts';
import { MetricFiles } from './metric_files.ts';
import { findMetrics, hasWholeSteps, loadMetrics, METRIC_ROWS, type MetricColumn } from './metrics.ts';
import { tellingMetrics } from './objective.ts';
import { RUN_COLUMNS, type RunEntry } from './run_entry.ts';

/** @returns the column of `configs` by field, and notices about fields that SQL knows under another name */
export async function createRunViews(
  connection: DuckDBConnection,
  entries: readonly RunEntry[],
): Promise<{ fields: ReadonlyMap<string, string>; notices: string[] }> {
  const rows = entries.map(({ row }) => ({ ...row }));
  await createTable(connection, 'runs', RUN_COLUMNS, rows);
  const configs = configTable(entries);
  await createTable(connection, 'configs', configs.columns, configs.rows);
  return { fields: configs.names, notices: configs.notices };
}

/** A metric with its column of METRIC_ROWS and its quoted column of the view `metrics`. */
export interface ViewedMetric extends MetricColumn {
  name: string;
}

/** @returns all metrics, and notices about lines that could not be read, and metrics that SQL knows under another name */
export async function createMetricViews(
  connection: DuckDBConnection,
  entries: readonly RunEntry[],
): Promise<{ metrics: ViewedMetric[]; notices: string[] }> {
  const telling = new Set(entries.flatMap((entry) => tellingMetrics(entry).map(({ metric }) => metric)));
  const files = await MetricFiles.open(connection, entries, true);
  const columns = await loadMetrics(files, await findMetrics(files, telling));
  await files.keep(METRIC_ROWS, columns);
  const names = columnNames(
    columns.map(({ metric }) => metric),
    ['run', 'step'],
  );
  const named = columns.map((column) => ({ ...column, name: quoteName(names.get(column.metric) ?? column.metric) }));
  // The rows of `runs` were inserted in the order of the entries, so a row's number is the run's index.
  const step = (await hasWholeSteps(files)) ? 'm.step::BIGINT AS step' : 'm.step';
  await connection.run(
    `CREATE VIEW metrics AS SELECT runs.run, ${step}${named.map(({ column, name }) => `, m.${column} AS ${name}`).join('')}
     FROM ${METRIC_ROWS} AS m JOIN runs ON runs.rowid = m.run_index`,
  );
  const numeric = named.flatMap(({ type, name }) => (type === 'DOUBLE' ? name : []));
  const long =
    numeric.length === 0
      ? `SELECT run, step, NULL::VARCHAR AS metric, NULL::DOUBLE AS value FROM metrics WHERE false`
      : `UNPIVOT (SELECT run, step, ${numeric.join(', ')} FROM metrics) ON ${numeric.join(', ')} INTO NAME metric VALUE value`;
  await connection.run(`CREATE VIEW metrics_long AS ${long}`);
  return { metrics: named, notices: [...files.notices, ...renamingNotices(names, 'metric', 'metrics')] };
}

export const CHECKPOINT_COLUMNS: Columns = {
  run: 'VARCHAR',
  name: 'VARCHAR',
  batch: 'BIGINT',
  epoch: 'BIGINT',
  final: 'BOOLEAN',
  rolling: 'BOOLEAN',
  state_path: 'VARCHAR',
  sampler_path: 'VARCHAR',
  extra: 'JSON',
};

export async function createCheckpointView(connection: DuckDBConnection, entries: readonly RunEntry[]): Promise<void> {
  await createTable(connection, 'checkpoints', CHECKPOINT_COLUMNS, entries.flatMap(checkpointRows));
}

/** Fields that are no column, such as those of the Python cookbook's own records, are kept under `extra`. */
function checkpointRows({ row, checkpointsFile }: RunEntry): JsonObject[] {
  return seeCheckpoints(checkpointsFile).objects.map(({ extra, ...record }) => {
    const isColumn = ([field]: [string, JsonValue]) => Object.hasOwn(CHECKPOINT_COLUMNS, field);
    const members = Object.entries(record);
    const others = Object.fromEntries(members.filter((member) => !isColumn(member)));
    return { ...Object.fromEntries(members.filter(isColumn)), run: row.run, extra: { ...objectOf(extra), ...others } };
  });
}
