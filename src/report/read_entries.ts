// From the directories that the user names to the runs that a report is about: those found, those planned, each with what it is judged by.

import { producersAmong } from '../run_files/producers.ts';
import { ConfigurationError } from '../util/errors.ts';
import { programName } from '../util/program_name.ts';
import { discoverRuns } from './discover.ts';
import { plannedEntries } from './planned_entries.ts';
import { type RunEntry, readRunEntry } from './run_entry.ts';

/**
 * @returns the runs, and notices about what could not be read
 * @throws ConfigurationError for directories without runs
 */
export function readEntries({ directories, cwd }: { directories: readonly string[]; cwd: string }): {
  entries: RunEntry[];
  notices: string[];
} {
  const { runs, sweeps, notices } = discoverRuns(directories, cwd);
  const found = runs.map(readRunEntry);
  const entries = judgedByTheirOwn([...found, ...plannedEntries(sweeps, found)]);
  if (entries.length > 0) return { entries, notices };
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
