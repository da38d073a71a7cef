// The files of a run directory as types: the one contract between the runner, its executors and the report.

import type { Headline } from '../registry/headline.ts';
import type { Identity, RunSpec } from '../spec/types.ts';
import type { Learned } from '../training/types.ts';
import type { JsonValue } from '../util/json.ts';
import type { ProcessIdentity } from '../util/liveness.ts';

/** run.json: written once, before anything runs. */
export interface RunRecord {
  schema_version: 1;
  /** `<short readable name>-<hash>` in a sweep, the directory's own name for a single run. */
  name: string;
  identity: Identity;
  spec: RunSpec;
  /** Values of the sweep's axes at this point, by dotted path; empty for a single run. */
  axes: Record<string, JsonValue>;
  /** What the sweep optimises, if it says so. */
  objective: { metric: string; goal: 'minimize' | 'maximize'; at: string } | null;
  /** Where it is one of several stages: its name, and the runs of the stages that it starts from. */
  stage?: { name: string; after: { stage: string; hash: string }[] };
  /** The metrics that tell how the run does, as its trainer declares them. Older records lack it. */
  headline?: Headline[];
  versions: { cookbook: string; node: string; onnxruntime: string | null; platform: string };
  git: { commit: string; branch: string | null; dirty: boolean } | null;
  argv: string[];
  created_at: string;
}

export const RUN_STATES = ['pending', 'running', 'done', 'stopped', 'diverged', 'failed', 'interrupted'] as const;

/**
 * - `pending`: planned, never started. - `running`: a process holds the lease (a stale lease means it was killed).
 * - `done`, `diverged`: finished; never run again. - `stopped`: finished before its last step, because it was not getting better;
 * stop.json says why. - `failed`: ended with an error. - `interrupted`: asked to stop.
 */
export type RunState = (typeof RUN_STATES)[number];

/**
 * The states of the runner, and three that only a reader sees. `killed`: running by its own account, but no process holds the
 * lease. `damaged`: run.json or status.json cannot be read. `unknown`: a directory that states nothing, e.g. an unfinished
 * one of the Python cookbook.
 */
export const SEEN_STATES = [...RUN_STATES, 'killed', 'damaged', 'unknown'] as const;
export type SeenState = (typeof SEEN_STATES)[number];

/** status.json: replaced atomically at every change. */
export interface RunStatus {
  schema_version: 1;
  state: RunState;
  /** 1 for the first process that ran it. */
  attempt: number;
  /** Optimizer steps completed. */
  step: number;
  total_steps: number | null;
  started_at: string | null;
  updated_at: string;
  ended_at: string | null;
  host: string;
  pid: number;
  error: { code: string; message: string } | null;
  learned: Learned[];
  /** What went wrong on the way, for the last screen. Statuses of older versions lack it. */
  warnings?: string[];
  sampler_path: string | null;
}

/** lease: exists while a process writes to the directory; its modification time is the heartbeat. */
export interface LeaseRecord extends ProcessIdentity {
  /** Tells this lease from any other that ever was, so that a takeover takes the one that was found dead. */
  token: string;
  taken_at: string;
}

/** What lies on disk for a run, as `plan` and `report` see it without opening the logs. */
export interface RunSnapshot {
  directory: string;
  record: RunRecord | null;
  status: RunStatus | null;
  /** A live process holds the lease. */
  live: boolean;
  /** What is wrong with the files, if something is. */
  problem: string | null;
}
