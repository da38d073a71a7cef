// What a sweep found: the best configuration of all runs in its directory, as the report on that directory names it.

import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { withoutCopies } from '../run_files/copies.ts';
import { measureRun } from '../run_files/measure.ts';
import {
  bestOf,
  type DeclaredObjective,
  type JudgedRun,
  type Objective,
  parseAt,
  scoreOf,
} from '../run_files/objective.ts';
import { holdsRun, type SeenRun, seeRun } from '../run_files/seen_run.ts';
import type { JsonValue } from '../util/json.ts';

/** The runs of each configuration, by `config_hash`. */
export type Judged = ReadonlyMap<string, { axes: SeenRun['axes']; runs: readonly JudgedRun[] }>;

export interface ConfigurationScore {
  config_hash: string;
  axes: Record<string, JsonValue>;
  mean: number | null;
  /** Standard deviation over the seeds with n − 1; null for one seed. */
  sd: number | null;
  /** Seeds that have a value, of those planned. */
  n: number;
  planned: number;
}

/**
 * The best configurations: several where they tie, none while no run counts. Runs of earlier plans that lie there compete too.
 * @param planned number of seeds by `config_hash`
 */
export async function bestConfigurations(
  log_path: string,
  planned: ReadonlyMap<string, number>,
  declared: DeclaredObjective,
): Promise<ConfigurationScore[]> {
  const objective = objectiveOf(declared);
  const { kept } = withoutCopies(runsBelow(log_path));
  const configurations = new Map<string, { axes: SeenRun['axes']; runs: JudgedRun[] }>();
  for (const { config_hash, axes, state, metricsFile } of kept) {
    const configuration = configurations.get(config_hash) ?? { axes, runs: [] };
    configuration.runs.push({ state, value: measureRun(metricsFile, objective).value });
    configurations.set(config_hash, configuration);
    // There may be thousands of files: signals are heard in between.
    await breathe();
  }
  return bestAmong(configurations, planned, objective);
}

/** The best of configurations whose runs are known, as above. */
export function bestAmong(
  configurations: Judged,
  planned: ReadonlyMap<string, number>,
  objective: Objective,
): ConfigurationScore[] {
  const judged = [...configurations].map(([config_hash, { axes, runs }]) => ({
    config_hash,
    axes,
    planned: planned.get(config_hash) ?? runs.length,
    score: scoreOf(runs, objective.at),
  }));
  return bestOf(judged, objective.goal).map(({ config_hash, axes, planned, score: { mean, sd, n } }) => ({
    config_hash,
    axes,
    mean,
    sd,
    n,
    planned,
  }));
}

export function objectiveOf(declared: DeclaredObjective): Objective {
  return { ...declared, at: parseAt(declared.at) ?? { kind: 'last' } };
}

export function seedsByConfiguration(runs: readonly { config_hash: string }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { config_hash } of runs) counts.set(config_hash, (counts.get(config_hash) ?? 0) + 1);
  return counts;
}

function runsBelow(log_path: string): SeenRun[] {
  return entriesOf(log_path)
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(log_path, name))
    .filter((directory) => holdsRun(directory))
    .map((directory) => seeRun(directory));
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return []; // Nothing was run.
  }
}
