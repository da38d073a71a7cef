// One run as its page shows it: what it is, how it stands, its metrics as lines, and the end of its log.

import { quoteName, quoteText } from '../report/columns.ts';
import { flatten } from '../report/flatten.ts';
import { MetricOrder } from '../report/metric_order.ts';
import { tellingMetrics } from '../report/objective.ts';
import type { RunEntry } from '../report/run_entry.ts';
import { type RunNotes, readNotes } from '../run_files/notes.ts';
import { type FileTail, readFileTail } from '../util/file_tail.ts';
import type { JsonValue } from '../util/json.ts';
import type { Series } from './run_series.ts';
import type { Log, SeriesStore } from './series_store.ts';

export interface RunView {
  run: string;
  /** What is known of it, in words: name and value. */
  facts: [name: string, value: string][];
  /** Fields of the spec, dotted. */
  config: [field: string, value: string][];
  /** In the order in which reports show them. */
  metrics: (Series & { isDetail: boolean; sql: string })[];
  /** Metrics that get a place there when they are logged for the first time; null: any. */
  admits: string[] | null;
  problem: string | null;
  log: FileTail | null;
  notes: RunNotes;
}

const LOG_BYTES = 32 * 1024;

export async function runView(entry: RunEntry, store: SeriesStore): Promise<RunView> {
  const { row, spec, isPlanned } = entry;
  const [logged] = await store.read(logsOf([entry]));
  const order = new MetricOrder(tellingMetrics(entry).map(({ metric }) => metric));
  const { notes, problem: notesProblem } = isPlanned
    ? { notes: { revision: 0, tags: [], note: '' }, problem: null }
    : readNotes(row.directory);
  return {
    run: row.run,
    facts: factsOf(entry),
    config: [...flatten(spec)].map(([field, value]) => [field, textOfValue(value)]),
    metrics: (logged?.metrics ?? [])
      .sort((a, b) => order.compare(a, b))
      .flatMap((metric) => logged?.series(metric) ?? [])
      .map((each) => ({ ...each, isDetail: order.isDetail(each.metric), sql: curvesSql(each.metric, [row.run]) })),
    admits: logged?.admits ?? null,
    problem: logged?.problem ?? notesProblem,
    log: logTail(entry),
    notes,
  };
}

/** Of those that have logged. */
function logsOf(entries: readonly RunEntry[]): Log[] {
  return entries.flatMap((entry) => {
    const telling = tellingMetrics(entry).map(({ metric }) => metric);
    return entry.metricsFile === null ? [] : [{ file: entry.metricsFile, telling }];
  });
}

/** The end of what it has printed. */
export function logTail({ logFile }: Pick<RunEntry, 'logFile'>): FileTail | null {
  return logFile === null ? null : readFileTail(logFile, LOG_BYTES);
}

export interface CurvesView {
  metric: string;
  curves: { run: string; series: Series | null; problem: string | null }[];
  /** What the first of the runs has logged, in the order of reports. */
  metrics: string[];
  sql: string;
}

/** One metric of several runs. */
export async function curvesView(
  metric: string,
  entries: readonly RunEntry[],
  store: SeriesStore,
): Promise<CurvesView> {
  const logging = entries.filter(({ metricsFile }) => metricsFile !== null);
  const logs = await store.read(logsOf(logging));
  const logOf = new Map(logging.map((entry, i) => [entry, logs[i]]));
  const first = entries.find((entry) => (logOf.get(entry)?.metrics.length ?? 0) > 0);
  const order = new MetricOrder(first === undefined ? [] : tellingMetrics(first).map((each) => each.metric));
  return {
    metric,
    curves: entries.map((entry) => {
      const log = logOf.get(entry);
      return { run: entry.row.run, series: log?.series(metric) ?? null, problem: log?.problem ?? null };
    }),
    metrics: first === undefined ? [] : (logOf.get(first)?.metrics ?? []).sort((a, b) => order.compare(a, b)),
    sql: curvesSql(
      metric,
      entries.map(({ row }) => row.run),
    ),
  };
}

/** The numbers of a chart as a question over the views of docs/report.md. */
function curvesSql(metric: string, runs: readonly string[]): string {
  const names = runs.map(quoteText).join(', ');
  const where = runs.length === 1 ? `run = ${names}` : `run IN (${names})`;
  const key = runs.length === 1 ? '' : 'run, ';
  return `SELECT ${key}step, ${quoteName(metric)}\nFROM metrics\nWHERE ${where} AND ${quoteName(metric)} IS NOT NULL\nORDER BY ${key}step`;
}

function factsOf({ row, stopped, warnings, look, origin }: RunEntry): [string, string][] {
  const facts: [string, string | null][] = [
    ['directory', row.directory],
    ['imported from', origin],
    ['why', row.error ?? stopped],
    ['seed', row.seed === null ? null : String(row.seed)],
    ['attempt', row.attempt === null ? null : String(row.attempt)],
    ['started', row.started_at],
    ['ended', row.ended_at],
    ['host', row.host],
    ['configuration', row.config_id],
    ['identity', row.hash],
    ['stage', row.stage],
    ['commit', row.git_commit === null ? null : `${row.git_commit}${row.git_dirty === true ? ' with changes' : ''}`],
    ['version', row.cookbook_version],
    ['weights', row.sampler_path],
    ['look at', row.error === null ? null : look],
    ...warnings.map((warning): [string, string] => ['warning', warning]),
  ];
  return facts.flatMap(([name, value]) => (value === null ? [] : [[name, value] satisfies [string, string]]));
}

function textOfValue(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
