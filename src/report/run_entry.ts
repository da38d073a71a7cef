// One run as a row of the report: what was seen of it, in the columns of the view `runs`.

import { basename, join } from 'node:path';
import type { Headline } from '../registry/headline.ts';
import { type KeptBest, keptBest } from '../run_files/best_checkpoint.ts';
import { readForeignObject } from '../run_files/foreign_json.ts';
import { readNotes } from '../run_files/notes.ts';
import type { SweepObjective } from '../run_files/objective.ts';
import { sameCommand } from '../run_files/same_command.ts';
import { seeRun } from '../run_files/seen_run.ts';
import { isHeadline } from '../run_files/shapes.ts';
import { whyStopped } from '../run_files/stop.ts';
import type { SeenState } from '../run_files/types.ts';
import { booleanOf, type JsonObject, numberOf, objectOf, textOf } from '../util/json.ts';
import { isArrayOf, isString } from '../util/json_shape.ts';
import type { RunDirectory } from './discover.ts';

/** A row of the view `runs`, with the DuckDB type of each column in RUN_COLUMNS. */
export interface RunRow {
  run: string;
  name: string;
  directory: string;
  sweep: string | null;
  config_id: string;
  hash: string | null;
  seed: number | null;
  /** Of several stages its name; null for a single run. */
  stage: string | null;
  /** Hashes of the runs that it starts from. */
  after: string[];
  state: SeenState;
  error_code: string | null;
  error: string | null;
  attempt: number | null;
  /** Not `step`, which is the key of `metrics` that runs are joined with. */
  steps: number | null;
  total_steps: number | null;
  created_at: string | null;
  started_at: string | null;
  updated_at: string | null;
  ended_at: string | null;
  seconds: number | null;
  host: string | null;
  objective_metric: string | null;
  objective_goal: string | null;
  objective_at: string | null;
  axes: JsonObject;
  git_commit: string | null;
  git_branch: string | null;
  git_dirty: boolean | null;
  cookbook_version: string | null;
  platform: string | null;
  sampler_path: string | null;
  /** What people keep beside it. */
  tags: string[];
  notes: string;
}

export interface RunEntry {
  row: RunRow;
  /** The runs of other stages that it starts from. */
  after: readonly { stage: string; hash: string }[];
  /** The resolved spec; for the Python cookbook its config. */
  spec: JsonObject;
  /** What its sweep declares now, or else what it says itself. */
  objective: SweepObjective | null;
  /** The metrics that tell how it does, the most telling first; empty where the record declares none. */
  headline: readonly Headline[];
  /** Absolute paths; null where there is no such file. */
  metricsFile: string | null;
  /** The directory of the cache that may hold its metrics; null where there is none to be. */
  cacheDirectory: string | null;
  checkpointsFile: string | null;
  /** Where to look when something went wrong: the log if there is one, else the directory. As the user would type it. */
  look: string;
  /** What went wrong on the way to its end. */
  warnings: string[];
  /** The command that it was started by, and goes on by; null where it does not say. */
  command: string | null;
  /** Why it was stopped early; null where it was not. */
  stopped: string | null;
  /** Weights that did better than its last ones, read off its files; null where none are known to. */
  best(): KeptBest | null;
  /** Listed in the plan of its sweep, and not there yet: of its spec only the axes are known. */
  isPlanned: boolean;
  /** What it ran on, by name, as it recorded it. */
  versions: JsonObject;
  /** Absolute paths; null where there is no such file: what was printed, and how the code differed from its commit. */
  logFile: string | null;
  diffFile: string | null;
  /** Why the notes beside it cannot be read; null where they can, or there are none. */
  notesProblem: string | null;
  /** The tool that it was imported from, with what that tool calls it; null for a run of ours and of the Python cookbook. */
  origin: string | null;
}

export function readRunEntry(found: RunDirectory): RunEntry {
  const run = seeRun(found.directory, found.files);
  const { record, status, objective, problem } = run;
  const git = objectOf(record.git);
  const versions = objectOf(record.versions);
  const error = objectOf(status.error);
  const { notes, problem: notesProblem } = readNotes(found.directory);
  return {
    row: {
      run: found.path,
      name: textOf(record.name) ?? basename(found.directory),
      directory: found.directory,
      sweep: found.sweep,
      config_id: run.config_hash,
      hash: run.hash,
      seed: run.seed,
      stage: run.stage,
      after: run.after.map(({ hash }) => hash),
      state: run.state,
      error_code: problem === null ? textOf(error.code) : 'DAMAGED',
      error: problem ?? textOf(error.message),
      attempt: numberOf(status.attempt),
      steps: numberOf(status.step),
      total_steps: numberOf(status.total_steps),
      created_at: textOf(record.created_at),
      started_at: textOf(status.started_at),
      updated_at: textOf(status.updated_at),
      ended_at: textOf(status.ended_at),
      seconds: secondsBetween(textOf(status.started_at), textOf(status.ended_at) ?? textOf(status.updated_at)),
      host: textOf(status.host),
      objective_metric: objective?.metric ?? null,
      objective_goal: objective?.goal ?? null,
      objective_at: objective?.at ?? null,
      axes: run.axes,
      git_commit: textOf(git.commit),
      git_branch: textOf(git.branch),
      git_dirty: booleanOf(git.dirty),
      cookbook_version: textOf(versions.cookbook),
      platform: textOf(versions.platform),
      sampler_path: textOf(status.sampler_path),
      tags: notes.tags,
      notes: notes.note,
    },
    after: run.after,
    spec: run.spec,
    objective: found.objective ?? objective,
    headline: isHeadline(record.headline) ? record.headline : [],
    metricsFile: run.metricsFile,
    cacheDirectory: found.cacheDirectory,
    checkpointsFile: run.checkpointsFile,
    look: found.files.has('logs.log') ? join(found.path, 'logs.log') : found.path,
    warnings: isTexts(status.warnings) ? status.warnings : [],
    command: isTexts(record.argv) ? sameCommand(record.argv, run.spec.if_exists) : null,
    stopped: run.state === 'stopped' && found.files.has('stop.json') ? whyStopped(found.directory) : null,
    best: () => keptBest(run),
    isPlanned: false,
    versions,
    logFile: found.files.has('logs.log') ? join(found.directory, 'logs.log') : null,
    diffFile: found.files.has('code.diff') ? join(found.directory, 'code.diff') : null,
    notesProblem,
    origin: found.files.has('imported.json') ? originOf(found.directory) : null,
  };
}

function originOf(directory: string): string | null {
  const { kind, name, project } = readForeignObject(join(directory, 'imported.json')).value ?? {};
  const parts = [kind, project, name].flatMap((part) => textOf(part) ?? []);
  return parts.length === 0 ? null : parts.join(' / ');
}

/** The states of runs that nobody is at, and that can go on. */
export const UNFINISHED: ReadonlySet<SeenState> = new Set(['pending', 'interrupted', 'killed', 'failed']);

const isTexts = isArrayOf(isString);

export const RUN_COLUMNS = {
  run: 'VARCHAR',
  name: 'VARCHAR',
  directory: 'VARCHAR',
  sweep: 'VARCHAR',
  config_id: 'VARCHAR',
  hash: 'VARCHAR',
  seed: 'BIGINT',
  stage: 'VARCHAR',
  after: 'JSON',
  state: 'VARCHAR',
  error_code: 'VARCHAR',
  error: 'VARCHAR',
  attempt: 'BIGINT',
  steps: 'BIGINT',
  total_steps: 'BIGINT',
  created_at: 'TIMESTAMPTZ',
  started_at: 'TIMESTAMPTZ',
  updated_at: 'TIMESTAMPTZ',
  ended_at: 'TIMESTAMPTZ',
  seconds: 'DOUBLE',
  host: 'VARCHAR',
  objective_metric: 'VARCHAR',
  objective_goal: 'VARCHAR',
  objective_at: 'VARCHAR',
  axes: 'JSON',
  git_commit: 'VARCHAR',
  git_branch: 'VARCHAR',
  git_dirty: 'BOOLEAN',
  cookbook_version: 'VARCHAR',
  platform: 'VARCHAR',
  sampler_path: 'VARCHAR',
  tags: 'JSON',
  notes: 'VARCHAR',
} as const satisfies Record<keyof RunRow, string>;

function secondsBetween(start: string | null, end: string | null): number | null {
  const milliseconds = start === null || end === null ? Number.NaN : Date.parse(end) - Date.parse(start);
  return Number.isFinite(milliseconds) ? milliseconds / 1000 : null;
}
