// A run as it is compared with another: its record, what it was run by, and its metrics one at a time, since all points of all are many.

import { resolve } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { readRows } from '../report/database.ts';
import { discoverRuns } from '../report/discover.ts';
import { MetricFiles } from '../report/metric_files.ts';
import { findMetrics, loadMetrics, METRIC_ROWS, type MetricColumn } from '../report/metrics.ts';
import { tellingMetrics } from '../report/objective.ts';
import { type RunEntry, readRunEntry } from '../report/run_entry.ts';
import { seeRun } from '../run_files/seen_run.ts';
import { ConfigurationError } from '../util/errors.ts';
import { isJsonObject, type JsonObject, numberOf, objectOf } from '../util/json.ts';
import type { ComparedRun, Series } from './run_diff.ts';

interface FoundRun {
  entry: RunEntry;
  record: JsonObject;
}

export interface ReadRuns {
  runs: [ComparedRun, ComparedRun];
  /** The metrics that either may have, which `readSeries` reads. */
  columns: MetricColumn[];
  /** What could not be read. */
  notices: string[];
}

/**
 * Both runs, with their metrics in the database.
 * @throws ConfigurationError for a directory that is no run
 */
export async function readRuns(
  connection: DuckDBConnection,
  paths: readonly [string, string],
  cwd: string,
): Promise<ReadRuns> {
  const [a, b] = [find(paths[0], cwd), find(paths[1], cwd)];
  const files = await MetricFiles.open(connection, [a.entry, b.entry]);
  const telling = new Set([a, b].flatMap(({ entry }) => tellingMetrics(entry).map(({ metric }) => metric)));
  const columns = await loadMetrics(files, await findMetrics(files, telling));
  return { runs: [compared(a), compared(b)], columns, notices: files.notices };
}

/** The values of a metric of the first run, and of the second. */
export async function readSeries(
  connection: DuckDBConnection,
  { type, column }: MetricColumn,
): Promise<[Series, Series]> {
  const rows = await readRows(
    connection,
    `SELECT run_index, step, ${column} AS value FROM ${METRIC_ROWS} WHERE ${column} IS NOT NULL
     ORDER BY run_index, coalesce(step, -1), rowid`,
  );
  const seriesOf = (index: number): Series => ({
    isNumeric: type === 'DOUBLE',
    points: rows
      .filter(({ run_index }) => run_index === index)
      .map(({ step, value }) => ({ step: numberOf(step), value: value ?? null })),
  });
  return [seriesOf(0), seriesOf(1)];
}

function find(path: string, cwd: string): FoundRun {
  const { runs } = discoverRuns([path], cwd);
  const found = runs.find(({ directory }) => directory === resolve(cwd, path));
  if (found !== undefined) return { entry: readRunEntry(found), record: seeRun(found.directory, found.files).record };
  const below = runs.slice(0, 3).map((run) => run.path);
  throw new ConfigurationError(`${path}: not a run directory`, {
    hint:
      below.length > 0
        ? `There are runs in it, such as ${below.join(' and ')}.`
        : 'A run is a directory with a run.json, metrics.jsonl or config.json.',
  });
}

function compared({ entry, record }: FoundRun): ComparedRun {
  const { row, spec } = entry;
  const identity = objectOf(record.identity);
  return {
    run: row.run,
    state: row.state,
    steps: row.steps,
    total_steps: row.total_steps,
    spec,
    identity: isJsonObject(identity.config) ? identity.config : null,
    provenance: { git: objectOf(record.git), versions: objectOf(record.versions), host: row.host },
    telling: tellingMetrics(entry),
  };
}
