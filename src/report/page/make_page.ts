// From the directories that the user names to the data of a page: runs read, compared, charted, and cut to a size that opens at once.

import type { DuckDBConnection } from '@duckdb/node-api';
import type { SeenState } from '../../run_files/types.ts';
import { messageOf } from '../../util/errors.ts';
import type { Chart } from '../charts/chart.ts';
import { chartsOn } from '../charts/chart_report.ts';
import { drawChart } from '../charts/draw.ts';
import { COST } from '../compare.ts';
import { openDatabase } from '../database.ts';
import { readEntries } from '../entries.ts';
import type { Grouping } from '../grouping.ts';
import { defaultLimits } from '../limits.ts';
import { MetricOrder } from '../metric_order.ts';
import type { MetricColumn } from '../metrics.ts';
import { type ObjectiveOptions, tellingMetrics } from '../objective.ts';
import type { RunEntry } from '../run_entry.ts';
import { type RunMetric, runMetrics } from '../run_metrics.ts';
import { readScores } from '../scoreboard.ts';
import type { Study } from '../study/study.ts';
import type { Summary } from '../summary.ts';
import { answerOf } from './answer.ts';
import type { ChartData, PageData, StudyData } from './page_data.ts';
import { provenanceOf } from './provenance.ts';
import { runTableOf } from './run_table.ts';
import { stateCounts } from './states.ts';
import { transcriptsOf } from './transcripts.ts';

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
  const limits = { ...defaultLimits(), ...(options.bytes !== undefined && { bytes: options.bytes }) };
  const { studies, groupings, metrics, notices } = await chartsOn(connection, entries, options, limits);
  const summaries = studies.map(({ study }) => study.summary);
  const details = await detailsOf(connection, entries, summaries, metrics);
  const shown: StudyData[] = [];
  const undrawn: string[] = [];
  for (const { study, charts } of studies) {
    const grouping = groupings.find(({ title }) => title === study.summary.group);
    if (grouping !== undefined) shown.push(await studyData(study, charts, { grouping, metricsOf: details, undrawn }));
  }
  const { transcripts, notices: unread } = await transcriptsOf(entries, summaries);
  const { benchmarks, notices: unscored } = await readScores(entries, options);
  return {
    title: options.directories.join(', '),
    states: stateCounts(countedStates(entries)),
    n_runs: entries.length,
    notices: [...notices, ...undrawn, ...unread, ...unscored],
    studies: shown,
    benchmarks,
    provenance: provenanceOf(entries),
    transcripts,
  };
}

async function studyData(
  study: Study,
  charts: readonly Chart[],
  {
    grouping,
    metricsOf,
    undrawn,
  }: { grouping: Grouping; metricsOf: (entry: RunEntry) => readonly RunMetric[]; undrawn: string[] },
): Promise<StudyData> {
  const { id, summary } = study;
  const costOf = (entry: RunEntry) => {
    const last = metricsOf(entry).find(({ metric }) => metric === COST.metric)?.last;
    return typeof last === 'number' ? last : null;
  };
  return {
    id: `study-${id}`,
    title: summary.group,
    objective: objectiveText(summary),
    metric: summary.metric,
    replicates: grouping.replicates,
    answer: answerOf(summary),
    charts: await drawn(study, charts, undrawn),
    table: runTableOf(summary, grouping, { metricsOf, costOf, mostLogs: MOST_LOGS }),
  };
}

/** Wider than half of the page, in pixels as drawn. */
const WIDE = 560;

/** One after the other: there is one thread, and a few charts. Narrow ones stand side by side, so what is wide does not come between. */
async function drawn(study: Study, charts: readonly Chart[], undrawn: string[]): Promise<ChartData[]> {
  const shown: ChartData[] = [];
  const isCurve = ({ id }: { id: string }) => id.startsWith(`${study.id}-curves-`);
  for (const chart of charts) {
    const { id, title, caption, sql } = chart;
    // One that cannot be drawn leaves a note, and takes no other with it.
    const svg = await drawChart(chart).catch((error: unknown) => {
      undrawn.push(messageOf(error));
      return null;
    });
    if (svg === null) continue;
    const width = Number(/<svg[^>]* width="(\d+)/.exec(svg)?.[1] ?? 0);
    const isFirst = isCurve(chart) && !shown.some(isCurve);
    const isFurther = isCurve(chart) && !isFirst && study.runs.length > 1;
    shown.push({
      id,
      title,
      caption,
      sql,
      svg,
      width,
      isWide: isFirst || (width > WIDE && !isCurve(chart)),
      isFurther,
    });
  }
  const first = shown.findIndex(isCurve);
  return [...shown.slice(0, first + 1), ...shown.slice(first + 1).sort((a, b) => Number(a.isWide) - Number(b.isWide))];
}

function objectiveText({ metric, goal, at }: Summary): string {
  const value = at === 'last' ? 'last value' : at === 'best' ? 'best value' : `value at ${at.replace(':', ' ')}`;
  return `${value} of ${metric}${goal === null ? '' : `, ${goal}`}`;
}

/** What was logged of each run, in the order in which a report shows metrics. */
async function detailsOf(
  connection: DuckDBConnection,
  entries: readonly RunEntry[],
  summaries: readonly Summary[],
  loaded: readonly MetricColumn[],
): Promise<(entry: RunEntry) => readonly RunMetric[]> {
  const told = entries.flatMap((entry) => tellingMetrics(entry).map(({ metric }) => metric));
  const order = new MetricOrder([...new Set([...summaries.map(({ metric }) => metric), ...told])]);
  const columns = loaded.toSorted((a, b) => order.compare(a.metric, b.metric));
  const shown = columns.slice(0, Math.max(10, Math.floor(MOST_DETAILS / entries.length)));
  const metrics = await withCurves(connection, shown, entries.length);
  const indices = new Map(entries.map((entry, index) => [entry.row.run, index]));
  return ({ row }) => metrics.get(indices.get(row.run) ?? -1) ?? [];
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
