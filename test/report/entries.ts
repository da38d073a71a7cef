// Runs for the pure parts of the report, which need no files.

import type { Headline } from '../../src/registry/headline.ts';
import type { RunEntry } from '../../src/report/run_entry.ts';
import type { DeclaredObjective } from '../../src/run_files/objective.ts';
import type { SeenState } from '../../src/run_files/types.ts';
import type { JsonObject } from '../../src/util/json.ts';

interface Options {
  run?: string;
  sweep?: string | null;
  config_id?: string;
  seed?: number;
  state?: SeenState;
  axes?: JsonObject;
  spec?: JsonObject;
  objective?: DeclaredObjective;
  headline?: Headline[];
  created_at?: string;
}

export function entry(options: Options): RunEntry {
  const { run = 'runs/a', axes = {}, spec = {}, objective = null, headline = [], ...row } = options;
  return {
    row: {
      run,
      name: run.split('/').at(-1) ?? run,
      directory: `/${run}`,
      sweep: null,
      config_id: JSON.stringify([axes, spec]),
      hash: null,
      seed: 0,
      stage: null,
      after: [],
      state: 'done',
      error_code: null,
      error: null,
      attempt: 1,
      steps: 10,
      total_steps: 10,
      created_at: null,
      started_at: null,
      updated_at: null,
      ended_at: null,
      seconds: null,
      host: null,
      objective_metric: null,
      objective_goal: null,
      objective_at: null,
      git_commit: null,
      git_branch: null,
      git_dirty: null,
      cookbook_version: null,
      platform: null,
      sampler_path: null,
      tags: [],
      notes: '',
      ...row,
      axes,
    },
    after: [],
    spec: { ...spec, ...axes },
    objective,
    headline,
    metricsFile: null,
    cacheDirectory: null,
    checkpointsFile: null,
    warnings: [],
    command: null,
    stopped: null,
    best: () => null,
    isPlanned: false,
    look: run,
    versions: {},
    logFile: null,
    diffFile: null,
    notesProblem: null,
    origin: null,
  };
}
