// The views that SQL is asked over: runs, configs, metrics, metrics_long, checkpoints (those of evaluations apart). docs/report.md describes their columns.

import type { DuckDBConnection } from '@duckdb/node-api';
import { seeCheckpoints } from '../run_files/seen_run.ts';
import { type JsonObject, type JsonValue, objectOf } from '../util/json.ts';
import { anyColumn, type IsAsked } from './asked_columns.ts';
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

/**
 * @param isAsked the columns of `metrics` that anybody may read; the values of the others may be missing
 * @returns all metrics that were loaded, and notices about lines that could not be read, and metrics that SQL knows under another name
 */
export async function createMetricViews(
  connection: DuckDBConnection,
  entries: readonly RunEntry[],
  isAsked: IsAsked = anyColumn,
): Promise<{ metrics: ViewedMetric[]; notices: string[] }> {
  const telling = new Set(entries.flatMap((entry) => tellingMetrics(entry).map(({ metric }) => metric)));
  const files = await MetricFiles.open(connection, entries, true);
  const found = await findMetrics(files, telling);
  const names = columnNames(Object.keys(found), ['run', 'step']);
  const quoted = (metric: string) => quoteName(names.get(metric) ?? metric);
  const loaded = await loadMetrics(files, found, { isAsked: (metric) => isAsked(names.get(metric) ?? metric) });
  await files.keep(METRIC_ROWS, loaded);
  const viewed = new Map(loaded.map((each) => [each.metric, { ...each, name: quoted(each.metric) }]));
  const columns = Object.entries(found).map(
    ([metric, type]) =>
      `, ${viewed.has(metric) ? `m.${viewed.get(metric)?.column}` : `NULL::${type}`} AS ${quoted(metric)}`,
  );
  // The rows of `runs` were inserted in the order of the entries, so a row's number is the run's index.
  const step = (await hasWholeSteps(files)) ? 'm.step::BIGINT AS step' : 'm.step';
  await connection.run(
    `CREATE VIEW metrics AS SELECT runs.run, ${step}${columns.join('')}
     FROM ${METRIC_ROWS} AS m JOIN runs ON runs.rowid = m.run_index`,
  );
  const numeric = Object.entries(found).flatMap(([metric, type]) => (type === 'DOUBLE' ? quoted(metric) : []));
  const long =
    numeric.length === 0
      ? `SELECT run, step, NULL::VARCHAR AS metric, NULL::DOUBLE AS value FROM metrics WHERE false`
      : `UNPIVOT (SELECT run, step, ${numeric.join(', ')} FROM metrics) ON ${numeric.join(', ')} INTO NAME metric VALUE value`;
  await connection.run(`CREATE VIEW metrics_long AS ${long}`);
  return { metrics: [...viewed.values()], notices: [...files.notices, ...renamingNotices(names, 'metric', 'metrics')] };
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
