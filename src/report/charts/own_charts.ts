// The charts that sweep files ask for: their SQL answered, their specs given the rows.

import { dirname } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { type SweepChart, sweepCharts } from '../../run_files/sweep_charts.ts';
import { ConfigurationError, messageOf } from '../../util/errors.ts';
import { printable } from '../../util/printable.ts';
import { jsonReader } from '../database.ts';
import type { Limits } from '../limits.ts';
import type { RunEntry } from '../run_entry.ts';
import { askNext } from '../sql.ts';
import { type Chart, isSpec } from './chart.ts';
import { checkFields } from './spec_fields.ts';

/**
 * @param connection with the views, and sealed
 * @param members runs of one study: the charts are those of the sweeps that they are part of
 */
export async function ownCharts(
  connection: DuckDBConnection,
  members: readonly RunEntry[],
  limits: Limits,
): Promise<Omit<Chart, 'id'>[]> {
  const sweeps = new Set(members.flatMap(({ row }) => (row.sweep === null ? [] : dirname(row.directory))));
  const charts: Omit<Chart, 'id'>[] = [];
  for (const asked of [...sweeps].flatMap(sweepCharts)) charts.push(await answered(connection, asked, limits));
  return charts;
}

async function answered(
  connection: DuckDBConnection,
  { title, sql, spec }: SweepChart,
  limits: Limits,
): Promise<Omit<Chart, 'id'>> {
  const name = printable(title);
  try {
    const toJson = await jsonReader();
    const { columns, rows } = toJson(await askNext(connection, { sql, file: null }, limits));
    checkFields(
      spec,
      columns.map((column) => column.name),
    );
    const values = rows.map((row) => Object.fromEntries(columns.map((column, i) => [column.name, row[i] ?? null])));
    const whole = { ...spec, data: { values } };
    if (!isSpec(whole)) throw new ConfigurationError('its spec says nothing that is drawn: it needs a mark or layers');
    return { title: name, caption: 'A chart of the sweep file.', spec: whole, sql };
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    throw new ConfigurationError(`chart "${name}": ${messageOf(error)}`, { cause: error, hint: error.hint });
  }
}
