// The table of a study's runs: what the page's script filters, sorts and opens, cut to a size that a browser reads at once.

import { seeCheckpoints } from '../../run_files/seen_run.ts';
import { canonicalJson, type JsonValue, numberOf, textOf } from '../../util/json.ts';
import { shortened } from '../../util/text.ts';
import { flatten } from '../flatten.ts';
import { formatExact } from '../format.ts';
import type { Grouping } from '../grouping.ts';
import type { RunEntry } from '../run_entry.ts';
import type { RunMetric } from '../run_metrics.ts';
import type { Configuration, Summary } from '../summary.ts';
import { TROUBLED } from './answer.ts';
import { logTail } from './log_tail.ts';
import type { CheckpointData, MetricData, PageRun, RunTable } from './page_data.ts';

export interface RunTableOptions {
  /** What was logged of a run, in the order in which it is shown. */
  metricsOf(entry: RunEntry): readonly RunMetric[];
  /** Dollars that a run has cost, by its path; null where it does not know. */
  costOf(entry: RunEntry): number | null;
  /** Of how many runs the end of the log may be shown. */
  mostLogs: number;
}

const MOST_CHECKPOINTS = 5;
const MOST_VALUE_CHARACTERS = 400;

export function runTableOf(summary: Summary, grouping: Grouping, options: RunTableOptions): RunTable {
  const entries = new Map(grouping.cells.flatMap((cell) => cell.entries.map((entry) => [entry.row.run, entry])));
  const seen = summary.configurations.flatMap((configuration, rank) =>
    configuration.runs.flatMap((run) => {
      const entry = entries.get(run.run);
      return entry === undefined ? [] : { entry, run, configuration, rank: rank + 1 };
    }),
  );
  const specs = new Map(seen.map(({ entry }) => [entry, specTexts(entry)]));
  const shared = sharedFields(seen.flatMap(({ entry }) => (entry.isPlanned ? [] : (specs.get(entry) ?? []))));
  const metrics = [...new Set(seen.flatMap(({ entry }) => options.metricsOf(entry).map(({ metric }) => metric)))];
  const places = new Map(metrics.map((metric, place) => [metric, place]));
  const logs = logsOf(
    seen.map(({ entry }) => entry),
    options.mostLogs,
  );
  return {
    axes: summary.shown.map((field) => ({ field, values: distinct(summary.configurations, field) })),
    metric: summary.metric,
    metrics,
    shared: [...shared],
    n_logs: logs.size,
    runs: seen.map(({ entry, run, configuration, rank }) => ({
      ...ofEntry(entry),
      rank,
      isBest: configuration.best && run.run === configuration.best_run,
      axes: summary.shown.map((field) => configuration.fields[field] ?? null),
      value: run.value === null ? null : numberText(run.value),
      cost: options.costOf(entry),
      curve: rounded(options.metricsOf(entry).find(({ metric }) => metric === summary.metric)?.curve ?? []),
      config: [...(specs.get(entry) ?? [])].filter(([field, value]) => shared.get(field) !== value),
      metrics: options.metricsOf(entry).map((each) => metricData(each, places.get(each.metric) ?? 0)),
      ...checkpointsOf(entry),
      log: logs.get(entry) ?? null,
    })),
  };
}

function ofEntry({ row, look, warnings, stopped }: RunEntry) {
  const { run, state, seed, steps, total_steps, seconds, error, tags, git_commit: commit, started_at } = row;
  const notes = short(row.notes);
  return {
    run,
    state,
    seed,
    steps,
    total_steps,
    seconds,
    error,
    stopped,
    warnings,
    look,
    tags,
    notes,
    commit,
    started_at,
  };
}

function specTexts({ spec }: RunEntry): Map<string, string> {
  return new Map([...flatten(spec)].map(([field, value]) => [field, short(formatExact(value))]));
}

const short = (text: string): string => shortened(text, MOST_VALUE_CHARACTERS);

/** Those that all have the same value of. */
function sharedFields(specs: readonly Map<string, string>[]): Map<string, string> {
  const [first = new Map<string, string>(), ...others] = specs;
  return new Map([...first].filter(([field, value]) => others.every((spec) => spec.get(field) === value)));
}

function distinct(configurations: readonly Configuration[], field: string): JsonValue[] {
  const values = configurations.map(({ fields }) => fields[field] ?? null);
  return [...new Map(values.map((value) => [canonicalJson(value), value])).values()].sort((a, b) =>
    typeof a === 'number' && typeof b === 'number' ? a - b : canonicalJson(a) < canonicalJson(b) ? -1 : 1,
  );
}

/** Of those that ended badly first: that is where somebody looks. */
function logsOf(entries: readonly RunEntry[], most: number): Map<RunEntry, string> {
  const isTroubled = ({ row }: RunEntry) => Number(TROUBLED.has(row.state));
  const logs = new Map<RunEntry, string>();
  for (const entry of entries.toSorted((a, b) => isTroubled(b) - isTroubled(a))) {
    if (logs.size >= most) break;
    const tail = entry.logFile === null ? null : logTail(entry.logFile);
    if (tail !== null) logs.set(entry, tail);
  }
  return logs;
}

function checkpointsOf({ checkpointsFile }: RunEntry): Pick<PageRun, 'checkpoints' | 'n_more_checkpoints'> {
  const records = seeCheckpoints(checkpointsFile).objects;
  const checkpoints = records.slice(-MOST_CHECKPOINTS).map((record): CheckpointData => {
    const kind = ['final', 'best', 'rolling'].find((name) => record[name] === true) ?? '';
    return { name: textOf(record.name) ?? '', batch: numberOf(record.batch), kind };
  });
  return { checkpoints, n_more_checkpoints: records.length - checkpoints.length };
}

function metricData({ first, last, least, greatest, curve }: RunMetric, place: number): MetricData {
  return [place, shortNumber(first), shortNumber(last), digits(least), digits(greatest), rounded(curve)];
}

/** As in metrics.jsonl: what JSON has no number for is text. */
function numberText(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** More digits than anybody reads, and few enough that thousands of runs fit into a page. */
const DIGITS = 6;

function digits(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(DIGITS));
}

function shortNumber(value: JsonValue): JsonValue {
  return typeof value === 'number' ? digits(value) : value;
}

/** Where there is no value yet, or any more, there is null. */
function rounded(curve: readonly number[]): (number | null)[] {
  return curve.map((value) => (Number.isFinite(value) ? Number(value.toPrecision(3)) : null));
}
