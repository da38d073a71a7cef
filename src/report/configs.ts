// The rows of the view `configs`: one a configuration, with its runs counted by state and its spec in typed columns.

import { SEEN_STATES } from '../run_files/types.ts';
import type { JsonObject, JsonValue } from '../util/json.ts';
import { type Columns, columnType, uniqueColumn } from './columns.ts';
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

/** Configurations in the order of their first run. The spec is that of the first run: others may differ in runtime fields only. */
export function configTable(entries: readonly RunEntry[]): { columns: Columns; rows: JsonObject[] } {
  const configurations = new Map<string, RunEntry[]>();
  for (const entry of entries) {
    const runs = configurations.get(entry.row.config_id);
    if (runs === undefined) configurations.set(entry.row.config_id, [entry]);
    else runs.push(entry);
  }
  const specs = new Map([...configurations].map(([id, [first]]) => [id, flatten(first?.spec ?? {})]));
  const columnOf = specColumns([...specs.values()]);
  const rows = [...configurations].map(([config_id, runs]) => {
    const counts = SEEN_STATES.map((state) => [`n_${state}`, runs.filter((run) => run.row.state === state).length]);
    const fields = [...(specs.get(config_id) ?? [])].map(([field, value]) => [
      columnOf.get(field)?.name ?? field,
      value,
    ]);
    return {
      config_id,
      n_runs: runs.length,
      axes: runs[0]?.row.axes ?? {},
      ...Object.fromEntries(counts),
      ...Object.fromEntries(fields),
    };
  });
  const typed = [...columnOf.values()].map(({ name, values }) => [name, columnType(values)]);
  return { columns: { ...CONFIG_COLUMNS, ...Object.fromEntries(typed) }, rows };
}

function specColumns(specs: readonly Map<string, JsonValue>[]): Map<string, { name: string; values: JsonValue[] }> {
  const taken = new Set(Object.keys(CONFIG_COLUMNS));
  const columns = new Map<string, { name: string; values: JsonValue[] }>();
  for (const spec of specs) {
    for (const [field, value] of spec) {
      if (OF_RUNS.has(field)) continue;
      const column = columns.get(field) ?? { name: uniqueColumn(field, taken), values: [] };
      taken.add(column.name.toLowerCase());
      column.values.push(value);
      columns.set(field, column);
    }
  }
  return columns;
}
