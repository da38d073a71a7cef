// One run as the report sees it: what run.json, status.json, lease and config.json say, each of which may be missing or damaged.

import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import { RUN_STATES } from '../run_files/types.ts';
import { canonicalJson, isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';
import type { RunDirectory } from './discover.ts';
import { booleanOf, numberOf, objectOf, type Reading, readJsonLines, readJsonObject, textOf } from './json_files.ts';
import { isLive } from './lease.ts';

/**
 * The states of the runner, and three that only a reader sees. `killed`: running by its own account, but no process holds the
 * lease. `damaged`: run.json or status.json cannot be read. `unknown`: a directory that states nothing, e.g. an unfinished
 * one of the Python cookbook.
 */
export const REPORT_STATES = [...RUN_STATES, 'killed', 'damaged', 'unknown'] as const;
export type ReportState = (typeof REPORT_STATES)[number];

export type Goal = 'minimize' | 'maximize';

/** What a run says it optimises. */
export interface DeclaredObjective {
  metric: string;
  goal: Goal;
  at: string;
}

/** A row of the view `runs`, with the DuckDB type of each column in RUN_COLUMNS. */
export interface RunRow {
  run: string;
  name: string;
  directory: string;
  sweep: string | null;
  config_id: string;
  hash: string | null;
  seed: number | null;
  state: ReportState;
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
}

export interface RunEntry {
  row: RunRow;
  /** The resolved spec; for the Python cookbook its config. */
  spec: JsonObject;
  objective: DeclaredObjective | null;
  /** Absolute paths; null where there is no such file. */
  metricsFile: string | null;
  checkpointsFile: string | null;
  /** Where to look when something went wrong: the log if there is one, else the directory. As the user would type it. */
  look: string;
}

export function readRunEntry(found: RunDirectory): RunEntry {
  const path = (name: string) => (found.files.has(name) ? join(found.directory, name) : null);
  const record = read(path('run.json'));
  const status = read(path('status.json'));
  const run = record.value ?? {};
  const now = status.value ?? {};
  const identity = objectOf(run.identity);
  const git = objectOf(run.git);
  const versions = objectOf(run.versions);
  const error = objectOf(now.error);
  const objective = objectiveOf(run.objective);
  // What run.json holds already need not be read again, nor be whole, in its copy for users of the Python cookbook.
  const config = isJsonObject(run.spec) ? { value: run.spec, problem: null } : read(path('config.json'));
  const spec = config.value ?? {};
  const problem = record.problem ?? recordProblem(record.value) ?? status.problem ?? config.problem;
  const checkpointsFile = path('checkpoints.jsonl');
  return {
    row: {
      run: found.path,
      name: textOf(run.name) ?? basename(found.directory),
      directory: found.directory,
      sweep: found.sweep,
      config_id: textOf(identity.config_hash) ?? configIdOf(spec, found.directory),
      hash: textOf(identity.hash),
      seed: numberOf(identity.seed) ?? numberOf(spec.seed),
      state: problem === null ? stateOf(found, status.value, checkpointsFile) : 'damaged',
      error_code: problem === null ? textOf(error.code) : 'DAMAGED',
      error: problem ?? textOf(error.message),
      attempt: numberOf(now.attempt),
      steps: numberOf(now.step),
      total_steps: numberOf(now.total_steps),
      created_at: textOf(run.created_at),
      started_at: textOf(now.started_at),
      updated_at: textOf(now.updated_at),
      ended_at: textOf(now.ended_at),
      seconds: secondsBetween(textOf(now.started_at), textOf(now.ended_at) ?? textOf(now.updated_at)),
      host: textOf(now.host),
      objective_metric: objective?.metric ?? null,
      objective_goal: objective?.goal ?? null,
      objective_at: objective?.at ?? null,
      axes: objectOf(run.axes),
      git_commit: textOf(git.commit),
      git_branch: textOf(git.branch),
      git_dirty: booleanOf(git.dirty),
      cookbook_version: textOf(versions.cookbook),
      platform: textOf(versions.platform),
      sampler_path: textOf(now.sampler_path),
    },
    spec,
    objective,
    metricsFile: path('metrics.jsonl'),
    checkpointsFile,
    look: found.files.has('logs.log') ? join(found.path, 'logs.log') : found.path,
  };
}

export const RUN_COLUMNS = {
  run: 'VARCHAR',
  name: 'VARCHAR',
  directory: 'VARCHAR',
  sweep: 'VARCHAR',
  config_id: 'VARCHAR',
  hash: 'VARCHAR',
  seed: 'BIGINT',
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
} as const satisfies Record<keyof RunRow, string>;

function read(path: string | null): Reading {
  return path === null ? { value: null, problem: null } : readJsonObject(path);
}

/** Without these two a run cannot be told from others; any other missing field is just not shown. */
function recordProblem(record: JsonObject | null): string | null {
  if (record === null) return null;
  if (record.schema_version !== 1) {
    return `run.json: schema_version ${JSON.stringify(record.schema_version)}, of which this version knows only 1`;
  }
  if (textOf(objectOf(record.identity).config_hash) === null) return 'run.json: identity is missing';
  return isJsonObject(record.spec) ? null : 'run.json: spec is missing';
}

function stateOf(found: RunDirectory, status: JsonObject | null, checkpointsFile: string | null): ReportState {
  const state = RUN_STATES.find((known) => known === status?.state);
  if (state === 'running') return isLive(found) ? 'running' : 'killed';
  if (state !== undefined) return state;
  if (found.files.has('run.json')) return status === null ? 'pending' : 'unknown';
  return checkpointsFile !== null && hasFinalCheckpoint(checkpointsFile) ? 'done' : 'unknown';
}

/** The Python cookbook writes no status; its last act is the checkpoint named `final`. */
function hasFinalCheckpoint(path: string): boolean {
  return readJsonLines(path).some(({ name, final }) => final === true || name === 'final');
}

function objectiveOf(value: JsonValue | undefined): DeclaredObjective | null {
  const { metric, goal, at } = objectOf(value);
  if (typeof metric !== 'string' || (goal !== 'minimize' && goal !== 'maximize')) return null;
  return { metric, goal, at: textOf(at) ?? 'last' };
}

/** Fields in which the replicates of one configuration may differ, where no identity says what a configuration is. */
const NOT_CONFIGURATION = new Set(['log_path', 'seed', 'wandb_project', 'wandb_name', 'base_url']);

/** Without an identity the configuration is the config itself; without that, every directory is its own. */
function configIdOf(config: JsonObject, directory: string): string {
  const fields = Object.entries(config).filter(([field]) => !NOT_CONFIGURATION.has(field));
  const text = fields.length === 0 ? directory : canonicalJson(Object.fromEntries(fields));
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

function secondsBetween(start: string | null, end: string | null): number | null {
  const milliseconds = start === null || end === null ? Number.NaN : Date.parse(end) - Date.parse(start);
  return Number.isFinite(milliseconds) ? milliseconds / 1000 : null;
}
