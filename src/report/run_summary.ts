// The summary of a single run: what it is and how it stands, what it has learned, and every metric from its first value to its last.

import type { DuckDBConnection } from '@duckdb/node-api';
import type { Goal } from '../run_files/objective.ts';
import { measure } from './measure.ts';
import { MetricFiles } from './metric_files.ts';
import { MetricOrder } from './metric_order.ts';
import { findMetrics, loadMetrics, type MetricColumn } from './metrics.ts';
import { tellingMetrics } from './objective.ts';
import type { RunEntry, RunRow } from './run_entry.ts';
import { type RunMetric, runMetrics } from './run_metrics.ts';

export interface RunSummary {
  run: RunRow;
  learned: LearnedSoFar | null;
  /** In the order in which they are shown. */
  metrics: MetricSummary[];
}

/** Of the metric that tells most of those that were logged twice or more; null values are not numbers, or not known. */
interface LearnedSoFar {
  metric: string;
  goal: Goal | null;
  first: number;
  last: number;
  best: number | null;
  best_step: number | null;
}

interface MetricSummary extends RunMetric {
  /** Shown only where everything is asked for. */
  isDetail: boolean;
}

/** @returns the summary, and notices about what could not be read */
export async function summariseRun(
  connection: DuckDBConnection,
  entry: RunEntry,
): Promise<{ summary: RunSummary; notices: string[] }> {
  const files = await MetricFiles.open(connection, [entry]);
  const telling = tellingMetrics(entry);
  const order = new MetricOrder(telling.map(({ metric }) => metric));
  const columns = await loadMetrics(files, await findMetrics(files, new Set(telling.map(({ metric }) => metric))));
  const logged = (await runMetrics(connection, columns, [0])).get(0) ?? [];
  const metrics = logged
    .map((metric): MetricSummary => ({ ...metric, isDetail: order.isDetail(metric.metric) }))
    .sort((a, b) => order.compare(a.metric, b.metric));
  const learned = await learnedSoFar(connection, { telling, columns, metrics });
  return { summary: { run: entry.row, learned, metrics }, notices: files.notices };
}

async function learnedSoFar(
  connection: DuckDBConnection,
  { telling, columns, metrics }: { telling: Telling[]; columns: MetricColumn[]; metrics: MetricSummary[] },
): Promise<LearnedSoFar | null> {
  for (const { metric, goal } of telling) {
    const { first, last, n } = metrics.find((each) => each.metric === metric) ?? { first: null, last: null, n: 0 };
    const column = columns.find((each) => each.metric === metric)?.column;
    if (typeof first !== 'number' || typeof last !== 'number' || n < 2 || column === undefined) continue;
    const measured =
      goal === null ? undefined : await measure(connection, column, { metric, goal, at: { kind: 'best' } });
    const { value = null, step = null } = measured?.get(0) ?? {};
    return { metric, goal, first, last, best: value, best_step: step };
  }
  return null;
}

type Telling = ReturnType<typeof tellingMetrics>[number];
