// Summaries as one flat table, for CSV and Parquet: a row a configuration, with the fields of all tables as columns.

import { SEEN_STATES } from '../run_files/types.ts';
import type { JsonObject } from '../util/json.ts';
import { type Columns, columnNames, columnType } from './columns.ts';
import type { RunSummary } from './run_summary.ts';
import type { Summary } from './summary.ts';

export interface DataTable {
  columns: Columns;
  rows: JsonObject[];
}

const AGGREGATES: Columns = {
  group: 'VARCHAR',
  metric: 'VARCHAR',
  goal: 'VARCHAR',
  at: 'VARCHAR',
  mean: 'DOUBLE',
  sd: 'DOUBLE',
  n: 'BIGINT',
  n_runs: 'BIGINT',
  best: 'BOOLEAN',
  preliminary: 'BOOLEAN',
  n_not_finite: 'BIGINT',
  n_without_value: 'BIGINT',
  ...Object.fromEntries(SEEN_STATES.map((state) => [`n_${state}`, 'BIGINT'])),
};

export function summaryTable(summaries: readonly Summary[]): DataTable {
  const columnOf = columnNames(
    summaries.flatMap(({ fields }) => fields),
    [...Object.keys(AGGREGATES), 'cost'],
  );
  const rows = summaries.flatMap(({ group, metric, goal, at, configurations }) =>
    configurations.map(({ fields, states, curve: _, instead: __, best_run: ___, runs: ____, cost, ...aggregates }) => ({
      group,
      ...Object.fromEntries(Object.entries(fields).map(([field, value]) => [columnOf.get(field) ?? field, value])),
      metric,
      goal,
      at,
      ...aggregates,
      ...Object.fromEntries(SEEN_STATES.map((state) => [`n_${state}`, states[state] ?? 0])),
      ...(cost !== undefined && { cost }),
    })),
  );
  const { group = '', ...others } = AGGREGATES;
  const fields = [...columnOf].map(([field, column]) => [column, columnType(valuesOf(summaries, field))]);
  const isPriced = summaries.some(({ configurations }) => configurations.some(({ cost }) => cost !== undefined));
  const columns = { group, ...Object.fromEntries(fields), ...others, ...(isPriced && { cost: 'DOUBLE' }) };
  return { columns, rows };
}

function valuesOf(summaries: readonly Summary[], field: string) {
  return summaries.flatMap(({ configurations }) =>
    configurations.map(({ fields }) => (Object.hasOwn(fields, field) ? (fields[field] ?? null) : null)),
  );
}

export function runTable({ run, metrics }: RunSummary): DataTable {
  const rows = metrics.map(({ curve: _, isDetail: __, ...metric }) => ({ run: run.run, ...metric }));
  return {
    columns: {
      run: 'VARCHAR',
      metric: 'VARCHAR',
      first: columnType(metrics.map(({ first }) => first)),
      last: columnType(metrics.map(({ last }) => last)),
      least: 'DOUBLE',
      greatest: 'DOUBLE',
      n: 'BIGINT',
    },
    rows,
  };
}
