// From directories to charts: the runs read, compared and made into studies, and of each study its charts.

import type { DuckDBConnection } from '@duckdb/node-api';
import { compareLoaded } from '../compare.ts';
import { dropCopies } from '../copies.ts';
import { openDatabase, sealDatabase } from '../database.ts';
import { readEntries } from '../entries.ts';
import { type Grouping, groupByFields, groupBySweep } from '../grouping.ts';
import { defaultLimits, type Limits } from '../limits.ts';
import type { MetricColumn } from '../metrics.ts';
import type { ObjectiveOptions } from '../objective.ts';
import type { RunEntry } from '../run_entry.ts';
import { studiesOf } from '../study/studies.ts';
import type { Study } from '../study/study.ts';
import { createCheckpointView, createMetricViews, createRunViews } from '../views.ts';
import type { Chart } from './chart.ts';
import { chartsOf } from './charts.ts';
import { ownCharts } from './own_charts.ts';

export interface ChartOptions extends ObjectiveOptions {
  /** Directories to look for runs in, relative to `cwd`. */
  directories: readonly string[];
  cwd: string;
  groupBy?: readonly string[] | undefined;
  limits?: Partial<Limits> | undefined;
}

export interface ChartReport {
  entries: readonly RunEntry[];
  studies: { study: Study; charts: Chart[] }[];
  /** What could not be read, one line each. */
  notices: string[];
}

/** @throws ConfigurationError for directories without runs, and fields or metrics that no run has */
export async function makeCharts(options: ChartOptions): Promise<ChartReport> {
  const { entries, notices } = readEntries(options);
  const limits = { ...defaultLimits(), ...options.limits };
  const connection = await openDatabase(limits.bytes);
  try {
    const { studies, notices: told } = await chartsOn(connection, entries, options, limits);
    return { entries, studies, notices: [...notices, ...told] };
  } finally {
    connection.closeSync();
  }
}

export interface LoadedCharts extends Omit<ChartReport, 'entries'> {
  /** Of which the studies are made. */
  groupings: Grouping[];
  /** All that METRIC_ROWS holds. */
  metrics: MetricColumn[];
}

/** The same of entries in a database of their own, which is sealed behind this and holds all their metrics. */
export async function chartsOn(
  connection: DuckDBConnection,
  entries: readonly RunEntry[],
  options: Pick<ChartOptions, 'groupBy'> & ObjectiveOptions,
  limits: Limits,
): Promise<LoadedCharts> {
  const { fields, notices: renamedFields } = await createRunViews(connection, entries);
  const { metrics, notices: unread } = await createMetricViews(connection, entries);
  await createCheckpointView(connection, entries);
  const tables = options.groupBy === undefined ? groupBySweep(entries) : [groupByFields(entries, options.groupBy)];
  const { groupings, notices: copies } = dropCopies(tables);
  const compared = await compareLoaded(connection, entries, groupings, options, metrics);
  const studies = await studiesOf(connection, entries, compared.summaries, { fields, metrics });
  await sealDatabase(connection);
  const drawn: ChartReport['studies'] = [];
  const leftOut: string[] = [];
  const asked = new Set<string>();
  for (const study of studies) {
    const members = new Set(study.runs.map(({ run }) => run));
    const first = entries.filter(({ row }) => members.has(row.run) && row.sweep !== null && !asked.has(row.sweep));
    for (const { row } of first) if (row.sweep !== null) asked.add(row.sweep);
    const own = await ownCharts(connection, first, limits);
    leftOut.push(...own.notices);
    drawn.push({ study, charts: chartsOf(study, own.charts) });
  }
  const notices = [...renamedFields, ...unread, ...copies, ...compared.notices, ...leftOut];
  return { studies: drawn, groupings, metrics, notices };
}
