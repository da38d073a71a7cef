// The runs of a sweep where they lie: the plan, and the directory of each.

import { basename, join } from 'node:path';
import { nearPaths } from '../spec/near_files.ts';
import { ConfigurationError, RunDirectoryError } from '../util/errors.ts';
import { entriesOf, exists, shortPath } from '../util/files.ts';
import { programName, quote } from '../util/program_name.ts';
import { type ListedRun, readPlannedRuns } from './sweep_plan.ts';
import type { RunSnapshot, SeenState } from './types.ts';

export interface PlacedRun extends ListedRun {
  directory: string;
}

/** @throws RunDirectoryError where the plan is missing or damaged */
export async function readSweepRuns(sweepDirectory: string): Promise<PlacedRun[]> {
  const { value, problem } = readPlannedRuns(sweepDirectory);
  if (value === null) {
    throw new RunDirectoryError(
      `${shortPath(sweepDirectory)} is no directory of a sweep: ${problem ?? 'it has no plan.json'}`,
      {
        hint: `Type "${programName()} sweep FILE --detach" to plan one and prepare its runs.`,
      },
    );
  }
  // A run may lie under another name with the same hash.
  const names = new Map<string, string>();
  for (const entry of await entriesOf(sweepDirectory)) {
    if (entry.isDirectory()) names.set(entry.name.slice(entry.name.lastIndexOf('-') + 1), entry.name);
  }
  return value.map((run) => ({ ...run, directory: join(sweepDirectory, names.get(run.hash) ?? run.name) }));
}

/** @throws RunDirectoryError where it is neither */
export async function isSweepDirectory(directory: string): Promise<boolean> {
  if (await exists(join(directory, 'plan.json'))) return true;
  if (await exists(join(directory, 'run.json'))) return false;
  if (!(await exists(directory))) {
    const near = nearPaths(directory, '/').map(shortPath);
    const meant = near.length === 0 ? '' : `; did you mean ${near.join(' or ')}?`;
    throw new RunDirectoryError(`${shortPath(directory)}: no such directory${meant}`, NEITHER);
  }
  throw new RunDirectoryError(
    `${shortPath(directory)} is the directory of neither a sweep nor a run: it has no plan.json and no run.json`,
    NEITHER,
  );
}

/** For whoever names runs of a run. */
export function isNoSweep(directory: string): ConfigurationError {
  return new ConfigurationError(`${shortPath(directory)} is a run: it has no runs of its own to name`, {
    hint: 'Leave the names out, or give the directory of the sweep.',
  });
}

const NEITHER = { hint: 'Give the log_path of a sweep, or the directory of a run below it.' };

/** Where a run stands. One that claims to be running and has no live process was killed. */
export function stateOf(snapshot: RunSnapshot | null): SeenState {
  if (snapshot === null) return 'pending';
  if (snapshot.live) return 'running';
  if (snapshot.problem !== null) return 'damaged';
  const state = snapshot.status?.state ?? 'pending';
  return state === 'running' ? 'killed' : state;
}

/**
 * The runs that somebody has named: each by its directory, by its name, or by how that begins or ends.
 * @throws ConfigurationError for a word that names none, or several
 */
export function namedRuns(runs: readonly PlacedRun[], words: readonly string[], sweepDirectory: string): PlacedRun[] {
  return words.map((word) => {
    const name = basename(word);
    const exact = runs.filter((run) => run.name === name || run.hash === name || basename(run.directory) === name);
    const found = exact.length > 0 ? exact : runs.filter((run) => run.name.startsWith(name) || run.name.endsWith(name));
    const [run] = found;
    if (run !== undefined && found.length === 1) return run;
    const hint = { hint: `"${programName()} status ${quote(shortPath(sweepDirectory))} --all" shows their names.` };
    if (run === undefined) throw new ConfigurationError(`the sweep has no run "${word}"`, hint);
    throw new ConfigurationError(`"${word}" may be any of ${found.length} runs of the sweep`, hint);
  });
}
