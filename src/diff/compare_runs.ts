// Two run directories held against each other, in a database of their own.

import { openDatabase } from '../report/database.ts';
import { readRuns, readSeries } from './read_run.ts';
import { diffMetric, diffRuns, type JudgedMetric, type RunDiff, TOLERANCE } from './run_diff.ts';

export interface CompareOptions {
  /** A share; that of `diffRuns` if absent. */
  tolerance?: number | undefined;
  /** What the database may take; all that a report may if absent. */
  bytes?: number;
  threads?: number;
}

/**
 * @returns the difference, and what could not be read of the runs
 * @throws ConfigurationError for a directory that is no run
 */
export async function compareRuns(
  paths: readonly [string, string],
  cwd: string,
  { tolerance = TOLERANCE, bytes, threads }: CompareOptions = {},
): Promise<{ diff: RunDiff; notices: string[] }> {
  const connection = await openDatabase(bytes, threads);
  try {
    const { runs, columns, notices } = await readRuns(connection, paths, cwd);
    const metrics: JudgedMetric[] = [];
    for (const column of columns) {
      const metric = diffMetric(column.metric, await readSeries(connection, column), runs, tolerance);
      if (metric !== null) metrics.push(metric);
    }
    return { diff: diffRuns(runs, metrics, tolerance), notices };
  } finally {
    connection.closeSync();
  }
}
