// The views that SQL is asked over: runs, configs, metrics, metrics_long, checkpoints. docs/report.md describes their columns.

import type { DuckDBConnection } from '@duckdb/node-api';
import { seeCheckpoints } from '../run_files/seen_run.ts';
import { type JsonObject, type JsonValue, objectOf, textOf } from '../util/json.ts';
import { type Columns, quoteName } from './columns.ts';
import { configTable } from './configs.ts';
import { createTable, readRows } from './database.ts';
import { findMetrics, loadMetrics, METRIC_ROWS } from './metrics.ts';
import { RUN_COLUMNS, type RunEntry } from './run_entry.ts';

export async function createRunViews(connection: DuckDBConnection, entries: readonly RunEntry[]): Promise<void> {
  const rows = entries.map(({ row }) => ({ ...row }));
  await createTable(connection, 'runs', RUN_COLUMNS, rows);
  const configs = configTable(entries);
  await createTable(connection, 'configs', configs.columns, configs.rows);
}

/** @returns notices about lines and metrics that could not be read */
export async function createMetricViews(connection: DuckDBConnection, entries: readonly RunEntry[]): Promise<string[]> {
  const notices = await loadMetrics(connection, entries, await findMetrics(connection, entries));
  // The rows of `runs` were inserted in the order of the entries, so a row's number is the run's index.
  await connection.run(
    `CREATE VIEW metrics AS SELECT runs.run, m.* EXCLUDE (run_index)
     FROM ${METRIC_ROWS} AS m JOIN runs ON runs.rowid = m.run_index`,
  );
  const numeric = await readRows(
    connection,
    `SELECT column_name FROM duckdb_columns()
     WHERE table_name = 'metrics' AND data_type = 'DOUBLE' ORDER BY column_index`,
  );
  const names = numeric.map((row) => quoteName(textOf(row.column_name) ?? ''));
  const long =
    names.length === 0
      ? `SELECT run, step, NULL::VARCHAR AS metric, NULL::DOUBLE AS value FROM metrics WHERE false`
      : `UNPIVOT (SELECT run, step, ${names.join(', ')} FROM metrics) ON ${names.join(', ')} INTO NAME metric VALUE value`;
  await connection.run(`CREATE VIEW metrics_long AS ${long}`);
  return notices;
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
