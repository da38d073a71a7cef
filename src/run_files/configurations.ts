// The configurations whose runs lie in a directory, as the report on it ranks them: which is the best, and which of its runs.

import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { type JsonObject, type JsonValue, textOf } from '../util/json.ts';
import { withoutCopies } from './copies.ts';
import { measureRun } from './measure.ts';
import {
  bestOf,
  bestRun,
  type DeclaredObjective,
  type Goal,
  type JudgedRun,
  type Objective,
  parseAt,
  type Score,
  type SweepObjective,
  scoreOf,
  type Undecided,
} from './objective.ts';
import { judgedAmong } from './producers.ts';
import { holdsRun, type SeenRun, seeRun } from './seen_run.ts';

/** The runs of each configuration, by `config_hash`. */
type Judged<Run extends JudgedRun = JudgedRun> = ReadonlyMap<string, { axes: SeenRun['axes']; runs: Run[] }>;

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

export interface BestConfiguration extends ConfigurationScore {
  /** That of its runs whose value is the best, the first of those that tie. */
  best_run: { directory: string; value: number; sampler_path: string | null } | null;
}

interface SeenJudged extends JudgedRun {
  run: SeenRun;
}

/** Several where they tie; where there are none, why. */
export interface Ranked<Score extends ConfigurationScore = ConfigurationScore> {
  best: Score[];
  undecided: Undecided | null;
}

/**
 * The best configurations of a directory. Runs of earlier plans that lie there compete too.
 * @param planned number of seeds by `config_hash`
 */
export async function bestConfigurations(
  log_path: string,
  planned: ReadonlyMap<string, number>,
  declared: SweepObjective,
): Promise<Ranked<BestConfiguration>> {
  const objective = objectiveOf(declared);
  const configurations = new Map<string, { axes: SeenRun['axes']; runs: SeenJudged[] }>();
  for (const judged of judgedRuns(runsBelow(log_path), objective, declared.stage)) {
    addTo(configurations, judged);
    // There may be thousands of files: signals are heard in between.
    await breathe();
  }
  return bestWithRuns(configurations, planned, objective);
}

/** The best run of the best configuration, the first of those that tie; null where none is the best. */
export function bestRunOf(runs: readonly SeenRun[], declared: SweepObjective): BestConfiguration['best_run'] {
  const objective = objectiveOf(declared);
  const configurations = new Map<string, { axes: SeenRun['axes']; runs: SeenJudged[] }>();
  for (const judged of judgedRuns(runs, objective, declared.stage)) addTo(configurations, judged);
  return bestWithRuns(configurations, new Map(), objective).best[0]?.best_run ?? null;
}

function* judgedRuns(runs: readonly SeenRun[], objective: Objective, stage?: string | null): Generator<SeenJudged> {
  for (const run of judgedAmong(withoutCopies(runs).kept, stage)) {
    yield { run, state: run.state, value: measureRun(run.metricsFile, objective).value };
  }
}

function addTo(configurations: Map<string, { axes: SeenRun['axes']; runs: SeenJudged[] }>, judged: SeenJudged): void {
  const { config_hash, axes } = judged.run;
  const configuration = configurations.get(config_hash) ?? { axes, runs: [] };
  configuration.runs.push(judged);
  configurations.set(config_hash, configuration);
}

function bestWithRuns(
  configurations: Judged<SeenJudged>,
  planned: ReadonlyMap<string, number>,
  objective: Objective,
): Ranked<BestConfiguration> {
  const { best, undecided } = bestAmong(configurations, planned, objective);
  const withRun = (score: ConfigurationScore): BestConfiguration => {
    const best = bestRun(configurations.get(score.config_hash)?.runs ?? [], objective);
    if (best === null) return { ...score, best_run: null };
    const { directory, status } = best.run;
    return { ...score, best_run: { directory, value: best.value, sampler_path: textOf(status.sampler_path) } };
  };
  return { best: best.map(withRun), undecided };
}

/** The best configurations of those whose runs are known, as above; those that tie by the values of their axes. */
function bestAmong(configurations: Judged, planned: ReadonlyMap<string, number>, objective: Objective): Ranked {
  const judged = [...configurations].map(([config_hash, { axes, runs }]) => ({
    config_hash,
    axes,
    planned: planned.get(config_hash) ?? runs.length,
    score: scoreOf(runs, objective.at),
  }));
  return rank(judged, objective.goal, fieldsOf(judged));
}

export function fieldsOf(configurations: Iterable<{ axes: JsonObject }>): string[] {
  return [...new Set([...configurations].flatMap(({ axes }) => Object.keys(axes)))];
}

/** A configuration with what its runs have come to. */
export interface ScoredConfiguration extends Pick<ConfigurationScore, 'config_hash' | 'axes' | 'planned'> {
  score: Score;
}

/** The best of them; those that tie in the order of these fields. */
export function rank(scored: readonly ScoredConfiguration[], goal: Goal | null, fields: readonly string[]): Ranked {
  const { best, undecided } = bestOf(scored, goal);
  best.sort((a, b) => compareFields(a.axes, b.axes, fields));
  const told = best.map(({ config_hash, axes, planned, score: { mean, sd, n } }) => ({
    config_hash,
    axes,
    mean,
    sd,
    n,
    planned,
  }));
  return { best: told, undecided };
}

/** The order of configurations of which none is better: by their fields, numbers by size, everything else by its text. */
export function compareFields(a: JsonObject, b: JsonObject, fields: readonly string[]): number {
  for (const field of fields) {
    const order = compareValues(a[field] ?? null, b[field] ?? null);
    if (order !== 0) return order;
  }
  return 0;
}

function compareValues(a: JsonValue, b: JsonValue): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [x, y] = [JSON.stringify(a), JSON.stringify(b)];
  return x === y ? 0 : x < y ? -1 : 1;
}

export function objectiveOf(declared: DeclaredObjective): Objective {
  return { ...declared, at: parseAt(declared.at) ?? { kind: 'last' } };
}

export function seedsByConfiguration(runs: readonly { config_hash: string }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { config_hash } of runs) counts.set(config_hash, (counts.get(config_hash) ?? 0) + 1);
  return counts;
}

/** The runs that lie in a directory, by name. */
export function runsBelow(directory: string): SeenRun[] {
  return entriesOf(directory)
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(directory, name))
    .filter((each) => holdsRun(each))
    .map((each) => seeRun(each));
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return []; // Nothing was run.
  }
}
