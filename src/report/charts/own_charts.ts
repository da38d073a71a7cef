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

/** Each may take its time and its memory. */
const MOST_OF_A_SWEEP = 50;

/**
 * One that cannot be answered, such as one of a metric that no run has logged yet, takes no other with it.
 * @param connection with the views, and sealed
 * @param members runs of one study: the charts are those of the sweeps that they are part of
 * @returns them, and what was left out, one line each
 */
export async function ownCharts(
  connection: DuckDBConnection,
  members: readonly RunEntry[],
  limits: Limits,
): Promise<{ charts: Omit<Chart, 'id'>[]; notices: string[] }> {
  const sweeps = new Map(
    members.flatMap(({ row }) => (row.sweep === null ? [] : [[dirname(row.directory), row.sweep] as const])),
  );
  const charts: Omit<Chart, 'id'>[] = [];
  const notices: string[] = [];
  for (const [directory, sweep] of sweeps) {
    const asked = sweepCharts(directory);
    for (const chart of asked.slice(0, MOST_OF_A_SWEEP)) {
      try {
        charts.push(await answered(connection, chart, limits));
      } catch (error) {
        notices.push(`${sweep}: chart "${printable(chart.title)}" is left out: ${messageOf(error)}`);
      }
    }
    const left = asked.length - MOST_OF_A_SWEEP;
    if (left > 0)
      notices.push(`${sweep}: ${left} of ${asked.length} charts are left out: ${MOST_OF_A_SWEEP} are drawn`);
  }
  return { charts, notices };
}

async function answered(
  connection: DuckDBConnection,
  { title, sql, spec }: SweepChart,
  limits: Limits,
): Promise<Omit<Chart, 'id'>> {
  const toJson = await jsonReader();
  const { columns, rows } = toJson(await askNext(connection, { sql, file: null }, limits));
  checkFields(
    spec,
    columns.map((column) => column.name),
  );
  const values = rows.map((row) => Object.fromEntries(columns.map((column, i) => [column.name, row[i] ?? null])));
  const whole = { ...spec, data: { values } };
  if (!isSpec(whole)) throw new ConfigurationError('its spec says nothing that is drawn: it needs a mark or layers');
  return { title: printable(title), caption: 'A chart of the sweep file.', spec: whole, sql };
}
