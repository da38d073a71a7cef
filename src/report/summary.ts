// From measured runs to the table of a sweep: replicates aggregated, the best configuration marked, nothing that failed hidden.

import { compareFields } from '../run_files/configurations.ts';
import {
  bestOf,
  bestRun,
  compareScores,
  counts,
  formatAt,
  type Goal,
  type Measurement,
  meanAndSd,
  type Objective,
  type Score,
  scoreOf,
  type Undecided,
  valuedRuns,
} from '../run_files/objective.ts';
import type { SeenState } from '../run_files/types.ts';
import type { JsonObject } from '../util/json.ts';
import type { Cell, Grouping } from './grouping.ts';
import { type RunEntry, UNFINISHED } from './run_entry.ts';

export interface Summary {
  group: string;
  /** As of the grouping. */
  stages: string | null;
  metric: string;
  goal: Goal | null;
  at: string;
  /** Names of the fields by which the configurations are told apart. */
  fields: string[];
  /** Those of them that people are shown. */
  shown: string[];
  /** Runs of all configurations by state. */
  states: Partial<Record<SeenState, number>>;
  /** Best first; where no goal is known, in the order of their fields. */
  configurations: Configuration[];
  /** Why none of several configurations is the best; null where one is. */
  undecided: Undecided | null;
  problems: Problem[];
  /** The command that runs what is missing of a sweep; null where nothing is, or some of it is under way. */
  again: string | null;
}

export interface Configuration {
  fields: JsonObject;
  /** Of the values that count; `sd` is that of a sample, so it takes two. */
  mean: number | null;
  sd: number | null;
  /** Number of values that count, of so many runs. */
  n: number;
  n_runs: number;
  /** No other is better. Several are the best where they tie; none where all of several do. */
  best: boolean;
  /** That of its runs whose value is the best; null where no goal is known, or none has a value. */
  best_run: string | null;
  /** No run has finished: the mean is of what the others have logged so far. */
  preliminary: boolean;
  /** Finished runs whose value is not a finite number, and finished runs without a value. */
  n_not_finite: number;
  n_without_value: number;
  /** What the runs without a value tell instead: the mean of another metric of theirs. */
  instead: { metric: string; mean: number } | null;
  /** Dollars that its runs have cost, unfinished ones too; absent where none of them knows. */
  cost?: number;
  states: Partial<Record<SeenState, number>>;
  /** Mean of the curves of the runs that count, in equal spans of steps; NaN where there is no value. */
  curve: number[];
  runs: { run: string; seed: number | null; state: SeenState; value: number | null; step: number | null }[];
}

/** A run that somebody should look at. */
export interface Problem {
  run: string;
  problem: SeenState | 'not finite';
  steps: number | null;
  error: string | null;
  look: string;
}

export interface MeasuredRun extends Measurement {
  entry: RunEntry;
  /** Of a run that did not log the metric: the value of the next one that it would be judged by. */
  instead: { metric: string; value: number } | null;
  /** Dollars; null where it does not know. */
  cost: number | null;
  curve: number[];
}

/** @param measured what was read off the metrics of each run of the grouping */
export function summarise(
  { title, stages, fields, shown, cells }: Grouping,
  objective: Objective,
  measured: (entry: RunEntry) => MeasuredRun,
): Summary {
  const judged = cells.map((cell) => configurationOf(cell, objective, measured));
  const { best, undecided } = cells.length > 1 ? bestOf(judged, objective.goal) : { best: [], undecided: null };
  judged.sort(
    (a, b) =>
      compareScores(a.score, b.score, objective.goal) ||
      compareFields(a.configuration.fields, b.configuration.fields, fields),
  );
  const runs = cells.flatMap(({ entries }) => entries.map(measured));
  return {
    group: title,
    stages,
    metric: objective.metric,
    goal: objective.goal,
    at: formatAt(objective.at),
    fields,
    shown,
    states: countedStates(cells.flatMap(({ entries }) => entries)),
    configurations: judged.map((each) => ({ ...each.configuration, best: best.includes(each) })),
    undecided,
    problems: runs.flatMap((run) => problemOf(run, objective) ?? []),
    again: againOf(runs.map(({ entry }) => entry)),
  };
}

/** That of the newest run that says one: runs that are only planned do not. */
function againOf(entries: readonly RunEntry[]): string | null {
  const isSweep = new Set(entries.map(({ row }) => row.sweep)).size === 1 && entries[0]?.row.sweep !== null;
  const isLeft = entries.some(({ row }) => UNFINISHED.has(row.state));
  if (!isSweep || !isLeft || entries.some(({ row }) => row.state === 'running')) return null;
  const started = entries.filter(({ command }) => command !== null);
  const at = ({ row }: RunEntry) => row.created_at ?? '';
  const newest = started.reduce<RunEntry | undefined>(
    (latest, entry) => (latest === undefined || at(entry) > at(latest) ? entry : latest),
    undefined,
  );
  return newest?.command ?? null;
}

function configurationOf(
  { fields, entries }: Cell,
  objective: Objective,
  measured: (entry: RunEntry) => MeasuredRun,
): { configuration: Configuration; score: Score } {
  const runs = entries.map(measured);
  const judged = runs.map((run) => ({ ...run, state: run.entry.row.state }));
  const score = scoreOf(judged, objective.at);
  const { mean, sd, n, preliminary, n_not_finite, n_without_value } = score;
  const costs = runs.flatMap(({ cost }) => cost ?? []);
  const configuration = {
    fields,
    mean,
    sd,
    n,
    n_runs: runs.length,
    best: false,
    best_run: bestRun(judged, objective)?.entry.row.run ?? null,
    preliminary,
    n_not_finite,
    n_without_value,
    instead: insteadOf(
      runs.filter(({ entry, value }) => value === null && counts(entry.row.state, value, objective.at)),
    ),
    ...(costs.length > 0 && { cost: costs.reduce((sum, cost) => sum + cost, 0) }),
    states: countedStates(entries),
    curve: meanCurve(valuedRuns(judged, objective.at).map(({ curve }) => curve)),
    runs: runs.map(({ entry: { row }, value, step }) => ({
      run: row.run,
      seed: row.seed,
      state: row.state,
      value,
      step,
    })),
  };
  return { configuration, score };
}

function countedStates(entries: readonly RunEntry[]): Partial<Record<SeenState, number>> {
  const states: Partial<Record<SeenState, number>> = {};
  for (const { row } of entries) states[row.state] = (states[row.state] ?? 0) + 1;
  return states;
}

function insteadOf(runs: readonly MeasuredRun[]): Configuration['instead'] {
  const metric = runs.find(({ instead }) => instead !== null)?.instead?.metric;
  const { mean } = meanAndSd(runs.flatMap(({ instead }) => (instead?.metric === metric ? (instead?.value ?? []) : [])));
  return metric === undefined || mean === null ? null : { metric, mean };
}

/** A finished run that measured something else than the metric is none: it was not asked to measure it. */
function problemOf({ entry, value }: MeasuredRun, objective: Objective): Problem | null {
  const { state, run, steps, error } = entry.row;
  const problem = (kind: Problem['problem']) => ({ run, problem: kind, steps, error, look: entry.look });
  if (TROUBLED.has(state)) return problem(state);
  const isNumber = value === null || Number.isFinite(value);
  return isNumber || !counts(state, value, objective.at) ? null : problem('not finite');
}

const TROUBLED: ReadonlySet<SeenState> = new Set(['failed', 'diverged', 'killed', 'interrupted', 'damaged']);

function meanCurve(curves: readonly number[][]): number[] {
  const points = curves.reduce((most, curve) => Math.max(most, curve.length), 0);
  return Array.from({ length: points }, (_, i) => {
    const values = curves.map((curve) => curve[i] ?? Number.NaN).filter(Number.isFinite);
    return meanAndSd(values).mean ?? Number.NaN;
  });
}
