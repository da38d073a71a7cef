// From the directories that the user names to the data of a page: runs read, compared, charted, and cut to a size that opens at once.

import type { DuckDBConnection } from '@duckdb/node-api';
import type { SeenState } from '../../run_files/types.ts';
import { compare } from '../compare.ts';
import { dropCopies } from '../copies.ts';
import { openDatabase } from '../database.ts';
import { type Grouping, groupByFields, groupBySweep } from '../grouping.ts';
import { defaultLimits } from '../limits.ts';
import { MetricFiles } from '../metric_files.ts';
import { MetricOrder } from '../metric_order.ts';
import { findMetrics, loadMetrics, type MetricColumn } from '../metrics.ts';
import { type ObjectiveOptions, tellingMetrics } from '../objective.ts';
import { readEntries } from '../read_entries.ts';
import type { RunEntry } from '../run_entry.ts';
import type { Summary } from '../summary.ts';
import { answerOf, stateCounts } from './answer.ts';
import type { PageData, StudyData } from './page_data.ts';
import { provenanceOf } from './provenance.ts';
import { type RunMetric, runMetrics } from './run_metrics.ts';
import { runTableOf } from './run_table.ts';

export interface PageOptions extends ObjectiveOptions {
  /** Directories to look for runs in, relative to `cwd`. */
  directories: readonly string[];
  cwd: string;
  groupBy?: readonly string[] | undefined;
  /** Bytes that the database may take. */
  bytes?: number | undefined;
}

/** Details of a run take some hundred bytes a metric, so that of many runs only the first metrics are told. */
const MOST_DETAILS = 120_000;
const MOST_CURVES = 25_000;
const MOST_LOGS = 1_000;

/** @throws ConfigurationError for directories without runs, and for fields and metrics that no run has */
export async function makePage(options: PageOptions): Promise<PageData> {
  const { entries, notices } = readEntries(options);
  const connection = await openDatabase(options.bytes ?? defaultLimits().bytes);
  try {
    const page = await pageOf(connection, entries, options);
    return { ...page, notices: [...notices, ...page.notices] };
  } finally {
    connection.closeSync();
  }
}

async function pageOf(
  connection: DuckDBConnection,
  entries: readonly RunEntry[],
  options: PageOptions,
): Promise<PageData> {
  const tables = options.groupBy === undefined ? groupBySweep(entries) : [groupByFields(entries, options.groupBy)];
  const { groupings, notices: copies } = dropCopies(tables);
  const { summaries, notices } = await compare(connection, entries, groupings, options);
  const details = await detailsOf(entries, summaries);
  return {
    title: options.directories.join(', '),
    states: stateCounts(countedStates(entries)),
    n_runs: entries.length,
    notices: [...copies, ...notices],
    studies: summaries.flatMap((summary, i) => {
      const grouping = groupings.find(({ title }) => title === summary.group);
      return grouping === undefined ? [] : studyData(summary, grouping, `study-${i + 1}`, details);
    }),
    provenance: provenanceOf(entries),
    transcripts: { shown: [], n: 0 },
  };
}

function studyData(
  summary: Summary,
  grouping: Grouping,
  id: string,
  metricsOf: (entry: RunEntry) => readonly RunMetric[],
): StudyData {
  const costOf = (entry: RunEntry) => {
    const last = metricsOf(entry).find(({ metric }) => metric === 'cost/total')?.last;
    return typeof last === 'number' ? last : null;
  };
  return {
    id,
    title: summary.group,
    objective: objectiveText(summary),
    metric: summary.metric,
    answer: answerOf(summary),
    charts: [],
    table: runTableOf(summary, grouping, { metricsOf, costOf, mostLogs: MOST_LOGS }),
  };
}

function objectiveText({ metric, goal, at }: Summary): string {
  const value = at === 'last' ? 'last value' : at === 'best' ? 'best value' : `value at ${at.replace(':', ' ')}`;
  return `${value} of ${metric}${goal === null ? '' : `, ${goal}`}`;
}

async function detailsOf(
  entries: readonly RunEntry[],
  summaries: readonly Summary[],
): Promise<(entry: RunEntry) => readonly RunMetric[]> {
  const connection = await openDatabase();
  try {
    const files = await MetricFiles.open(connection, entries);
    const told = entries.flatMap((entry) => tellingMetrics(entry).map(({ metric }) => metric));
    const order = new MetricOrder([...new Set([...summaries.map(({ metric }) => metric), ...told])]);
    const columns = (await loadMetrics(files, await findMetrics(files))).sort((a, b) =>
      order.compare(a.metric, b.metric),
    );
    const shown = columns.slice(0, Math.max(10, Math.floor(MOST_DETAILS / entries.length)));
    const metrics = await withCurves(connection, shown, entries.length);
    const indices = new Map(entries.map((entry, index) => [entry, index]));
    return (entry) => metrics.get(indices.get(entry) ?? -1) ?? [];
  } finally {
    connection.closeSync();
  }
}

/** Of many runs only the first metrics have curves. */
async function withCurves(connection: DuckDBConnection, columns: readonly MetricColumn[], n_runs: number) {
  const indices = Array.from({ length: n_runs }, (_, index) => index);
  const n_drawn = Math.max(1, Math.floor(MOST_CURVES / n_runs));
  const drawn = await runMetrics(connection, columns.slice(0, n_drawn), indices);
  const others = await runMetrics(connection, columns.slice(n_drawn), []);
  return new Map(indices.map((index) => [index, [...(drawn.get(index) ?? []), ...(others.get(index) ?? [])]]));
}

function countedStates(entries: readonly RunEntry[]): Partial<Record<SeenState, number>> {
  const states: Partial<Record<SeenState, number>> = {};
  for (const { row } of entries) states[row.state] = (states[row.state] ?? 0) + 1;
  return states;
}
