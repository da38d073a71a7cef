// The runs that a sweep has planned and that have no directory yet, as rows of the report.

import { basename, dirname, join } from 'node:path';
import type { ListedRun } from '../run_files/sweep_plan.ts';
import type { RunDirectory, SweepDirectory } from './discover.ts';
import type { RunEntry, RunRow } from './run_entry.ts';

/** @param entries those of the runs that were found */
export function plannedEntries(sweeps: readonly SweepDirectory[], entries: readonly RunEntry[]): RunEntry[] {
  const there = new Set(entries.flatMap(({ row }) => keysOf(row)));
  return sweeps.flatMap((sweep) =>
    sweep.planned
      .filter(({ name, hash }) => !there.has(join(sweep.directory, name)) && !there.has(join(sweep.directory, hash)))
      .map((run) => plannedEntry(sweep, run)),
  );
}

/** A run lies under its planned name, or under another one with its hash; a damaged one tells its hash by its name alone. */
function keysOf({ directory, hash }: RunRow): string[] {
  const sweep = dirname(directory);
  const hashes = [hash, basename(directory).split('-').at(-1)].filter((each) => each != null);
  return [directory, ...hashes.map((each) => join(sweep, each))];
}

const NOTHING_KNOWN = {
  error_code: null,
  error: null,
  attempt: null,
  steps: null,
  total_steps: null,
  created_at: null,
  started_at: null,
  updated_at: null,
  ended_at: null,
  seconds: null,
  host: null,
  git_commit: null,
  git_branch: null,
  git_dirty: null,
  cookbook_version: null,
  platform: null,
  sampler_path: null,
} as const satisfies Partial<RunRow>;

function plannedEntry(sweep: Pick<RunDirectory, 'path' | 'directory' | 'objective'>, run: ListedRun): RunEntry {
  const { path, directory, objective } = sweep;
  const { name, hash, config_hash, axes, seed, stage } = run;
  return {
    row: {
      ...NOTHING_KNOWN,
      run: join(path, name),
      name,
      directory: join(directory, name),
      sweep: path,
      config_id: config_hash,
      hash,
      seed,
      stage: stage?.name ?? null,
      after: stage?.after.map((each) => each.hash) ?? [],
      state: 'pending',
      objective_metric: objective?.metric ?? null,
      objective_goal: objective?.goal ?? null,
      objective_at: objective?.at ?? null,
      axes,
      tags: [],
      notes: '',
    },
    after: stage?.after ?? [],
    spec: axes,
    objective,
    headline: [],
    metricsFile: null,
    cacheDirectory: null,
    checkpointsFile: null,
    look: path,
    warnings: [],
    command: null,
    stopped: null,
    best: () => null,
    isPlanned: true,
    versions: {},
    logFile: null,
    diffFile: null,
    notesProblem: null,
    origin: null,
  };
}
