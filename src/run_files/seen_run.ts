// A run directory as a reader sees it, whoever wrote it: this version, another one, or the Python cookbook, whole or damaged.

import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  canonicalJson,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  numberOf,
  objectOf,
  textOf,
} from '../util/json.ts';
import { type ForeignLines, readForeignLines, readForeignObject } from './foreign_json.ts';
import { looksHeld } from './lease.ts';
import { type DeclaredObjective, GOALS, type SweepObjective } from './objective.ts';
import { isStage } from './shapes.ts';
import { RUN_STATES, type SeenState } from './types.ts';

export interface SeenRun {
  directory: string;
  state: SeenState;
  /** What is damaged, by file; null where nothing is. */
  problem: string | null;
  /** Hash of the run's identity; null where it has none. */
  hash: string | null;
  /** Shared by the replicates of one configuration. */
  config_hash: string;
  seed: number | null;
  /** The resolved spec; for the Python cookbook its config. */
  spec: JsonObject;
  axes: JsonObject;
  /** Of several stages its name; null for a single run. */
  stage: string | null;
  /** The runs of the stages that it starts from. */
  after: readonly { stage: string; hash: string }[];
  objective: DeclaredObjective | null;
  /** What run.json and status.json hold beside that; empty where they are not there. */
  record: JsonObject;
  status: JsonObject;
  /** Absolute paths; null where there is no such file. */
  metricsFile: string | null;
  checkpointsFile: string | null;
}

/** Never throws. @param files names of the files that may be read; all of the directory if not given */
export function seeRun(directory: string, files: ReadonlySet<string> = namesIn(directory)): SeenRun {
  const path = (name: string) => (files.has(name) ? join(directory, name) : null);
  const record = read(path('run.json'));
  const status = read(path('status.json'));
  const run = record.value ?? {};
  const identity = objectOf(run.identity);
  // What run.json holds already need not be read again, nor be whole, in its copy for users of the Python cookbook.
  const config = isJsonObject(run.spec) ? { value: run.spec, problem: null } : read(path('config.json'));
  const spec = config.value ?? {};
  const checkpointsFile = path('checkpoints.jsonl');
  const problem = record.problem ?? recordProblem(record.value) ?? status.problem ?? config.problem;
  return {
    directory,
    state: problem === null ? stateOf(directory, files, status.value, checkpointsFile) : 'damaged',
    problem,
    hash: textOf(identity.hash),
    config_hash: textOf(identity.config_hash) ?? configHashOf(spec, directory),
    seed: numberOf(identity.seed) ?? numberOf(spec.seed),
    spec,
    axes: objectOf(run.axes),
    ...stageOf(run.stage),
    objective: declaredObjective(run.objective),
    record: run,
    status: status.value ?? {},
    metricsFile: path('metrics.jsonl'),
    checkpointsFile,
  };
}

/** Whether a directory is that of a run, of ours or of the Python cookbook. */
export function holdsRun(directory: string, files: ReadonlySet<string> = namesIn(directory)): boolean {
  if (files.has('run.json') || files.has('metrics.jsonl')) return true;
  return files.has('config.json') && !isModelConfig(join(directory, 'config.json'));
}

/** Whether runs, or results of evaluations, may lie in a directory of this name: what is part of a run may hold thousands of files. */
export const mayHoldRuns = (name: string): boolean => !/^(checkpoints|iteration_.*|node_modules|\..*)$/.test(name);

/** A Hugging Face model directory holds a config.json too, which tells the model's architecture. */
function isModelConfig(path: string): boolean {
  // A damaged one is shown as a damaged run rather than passed over.
  const config = readForeignObject(path).value ?? {};
  return 'architectures' in config || 'model_type' in config;
}

/** The lines of a run's checkpoints.jsonl, as they stand. */
export function seeCheckpoints(checkpointsFile: string | null): ForeignLines {
  return checkpointsFile === null ? { objects: [], damaged: 0, problem: null } : readForeignLines(checkpointsFile);
}

/** The objective that a sweep's file declares now. Runs that it has taken over from an earlier plan may have declared another. */
export function sweepObjective(sweepDirectory: string): SweepObjective | null {
  const { objective } = objectOf(readForeignObject(join(sweepDirectory, 'sweep.json')).value ?? {});
  const declared = declaredObjective(objective);
  return declared === null ? null : { ...declared, stage: textOf(objectOf(objective).stage) };
}

function namesIn(directory: string): ReadonlySet<string> {
  try {
    return new Set(readdirSync(directory));
  } catch {
    return new Set();
  }
}

function read(path: string | null) {
  return path === null ? { value: null, problem: null } : readForeignObject(path);
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

function stateOf(
  directory: string,
  files: ReadonlySet<string>,
  status: JsonObject | null,
  checkpointsFile: string | null,
): SeenState {
  const state = RUN_STATES.find((known) => known === status?.state);
  if (state === 'running') return looksHeld(directory, files) ? 'running' : 'killed';
  if (state !== undefined) return state;
  if (files.has('run.json')) return status === null ? 'pending' : 'unknown';
  return hasFinalCheckpoint(checkpointsFile) ? 'done' : 'unknown';
}

/** The Python cookbook writes no status; its last act is the checkpoint named `final`. */
function hasFinalCheckpoint(checkpointsFile: string | null): boolean {
  return seeCheckpoints(checkpointsFile).objects.some(({ name, final }) => final === true || name === 'final');
}

function stageOf(value: JsonValue | undefined): Pick<SeenRun, 'stage' | 'after'> {
  return isStage(value) ? { stage: value.name, after: value.after } : { stage: null, after: [] };
}

function declaredObjective(value: JsonValue | undefined): DeclaredObjective | null {
  const { metric, goal, at } = objectOf(value);
  const known = GOALS.find((each) => each === goal);
  return typeof metric !== 'string' || known === undefined ? null : { metric, goal: known, at: textOf(at) ?? 'last' };
}

/**
 * Fields in which the replicates of one configuration may differ, where no identity says what a configuration is: those of the Python
 * cookbook, our own, and what our loggers add to them.
 */
export const OF_ONE_RUN: ReadonlySet<string> = new Set([
  'log_path',
  'seed',
  'wandb_project',
  'wandb_name',
  'base_url',
  'if_exists',
  'loggers',
  'cookbook_hash',
  'cookbook_directory',
]);

/** Without an identity the configuration is the config itself; without that, every directory is its own. */
function configHashOf(config: JsonObject, directory: string): string {
  const fields = Object.entries(config).filter(([field]) => !OF_ONE_RUN.has(field));
  const text = fields.length === 0 ? directory : canonicalJson(Object.fromEntries(fields));
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
