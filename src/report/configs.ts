// The rows of the view `configs`: one a configuration, with its runs counted by state and its spec in typed columns.

import { SEEN_STATES } from '../run_files/types.ts';
import type { JsonObject, JsonValue } from '../util/json.ts';
import { type Columns, columnNames, columnType, renamingNotices } from './columns.ts';
import { flatten } from './flatten.ts';
import type { RunEntry } from './run_entry.ts';

/** Fields that differ between the runs of one configuration, and so are columns of `runs` instead. */
const OF_RUNS = new Set(['seed', 'log_path']);

export const CONFIG_COLUMNS: Columns = {
  config_id: 'VARCHAR',
  n_runs: 'BIGINT',
  ...Object.fromEntries(SEEN_STATES.map((state) => [`n_${state}`, 'BIGINT'])),
  axes: 'JSON',
};

export interface ConfigTable {
  columns: Columns;
  rows: JsonObject[];
  /** The column of each field of the specs. */
  names: ReadonlyMap<string, string>;
  /** Fields whose columns have other names. */
  notices: string[];
}

/** Configurations in the order of their first run. The spec is that of the first run: others may differ in runtime fields only. */
export function configTable(entries: readonly RunEntry[]): ConfigTable {
  const configurations = new Map<string, RunEntry[]>();
  for (const entry of entries) {
    const runs = configurations.get(entry.row.config_id);
    if (runs === undefined) configurations.set(entry.row.config_id, [entry]);
    else runs.push(entry);
  }
  const specs = new Map([...configurations].map(([id, [first]]) => [id, fieldsOf(first)]));
  const values = new Map<string, JsonValue[]>();
  for (const [field, value] of [...specs.values()].flatMap((fields) => [...fields])) {
    const known = values.get(field);
    if (known === undefined) values.set(field, [value]);
    else known.push(value);
  }
  const columns = columnNames(values.keys(), Object.keys(CONFIG_COLUMNS));
  const rows = [...configurations].map(([config_id, runs]) => {
    const counts = SEEN_STATES.map((state) => [`n_${state}`, runs.filter((run) => run.row.state === state).length]);
    const fields = [...(specs.get(config_id) ?? [])].map(([field, value]) => [columns.get(field) ?? field, value]);
    return {
      config_id,
      n_runs: runs.length,
      axes: runs[0]?.row.axes ?? {},
      ...Object.fromEntries(counts),
      ...Object.fromEntries(fields),
    };
  });
  const typed = [...values].map(([field, each]) => [columns.get(field) ?? field, columnType(each)]);
  return {
    columns: { ...CONFIG_COLUMNS, ...Object.fromEntries(typed) },
    rows,
    names: columns,
    notices: renamingNotices(columns, 'field', 'configs'),
  };
}

function fieldsOf(entry: RunEntry | undefined): Map<string, JsonValue> {
  return new Map([...flatten(entry?.spec ?? {})].filter(([field]) => !OF_RUNS.has(field)));
}
