// The runs that a report is of: found below directories, with those that their sweeps have only planned.

import { producersAmong } from '../run_files/producers.ts';
import { ConfigurationError } from '../util/errors.ts';
import { programName } from '../util/program_name.ts';
import { discoverRuns } from './discover.ts';
import { plannedEntries } from './planned_entries.ts';
import { type RunEntry, readRunEntry } from './run_entry.ts';

export interface RunPlaces {
  /** Directories to look for runs in, relative to `cwd`. */
  directories: readonly string[];
  cwd: string;
  /** Unless false, metrics are read from the cache beside the runs, and kept there. */
  useCache?: boolean | undefined;
}

/**
 * @returns the runs, and what could not be read, one line each
 * @throws ConfigurationError where there is no run
 */
export function readEntries({ directories, cwd, useCache = true }: RunPlaces): {
  entries: RunEntry[];
  notices: string[];
} {
  const { runs, sweeps, notices } = discoverRuns(directories, cwd);
  const found = runs.map(readRunEntry).map((entry) => (useCache ? entry : { ...entry, cacheDirectory: null }));
  const entries = judgedByTheirOwn([...found, ...plannedEntries(sweeps, found)]);
  const unread = found.flatMap(({ row, notesProblem }) => (notesProblem === null ? [] : `${row.run}: ${notesProblem}`));
  if (entries.length > 0) return { entries, notices: [...notices, ...unread] };
  throw new ConfigurationError([...notices, `no runs in ${directories.join(', ')}`].join('\n'), {
    hint: `A run is a directory with a run.json, metrics.jsonl or config.json. Start one: ${programName()} run configs/sl_basic.yaml`,
  });
}

/** A sweep judges the stage that it names, or else the last ones; the others are shown by what they say of themselves. */
function judgedByTheirOwn(entries: readonly RunEntry[]): RunEntry[] {
  const producers = producersAmong(
    entries.map(({ row: { hash, after } }) => ({ hash, after: after.map((each) => ({ hash: each })) })),
  );
  const isJudged = ({ objective, row: { hash, stage } }: RunEntry) =>
    typeof objective?.stage === 'string' ? stage === objective.stage : hash === null || !producers.has(hash);
  const unjudged = { objective_metric: null, objective_goal: null, objective_at: null };
  return entries.map((entry) =>
    isJudged(entry) ? entry : { ...entry, objective: null, row: { ...entry.row, ...unjudged } },
  );
}
