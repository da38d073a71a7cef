// From measured runs to the table of a sweep: replicates aggregated, the best configuration marked, nothing that failed hidden.

import type { JsonObject, JsonValue } from '../util/json.ts';
import type { Cell, Grouping } from './grouping.ts';
import type { Measurement } from './measure.ts';
import { formatAt, type Objective } from './objective.ts';
import type { Goal, ReportState, RunEntry } from './run_entry.ts';

export interface Summary {
  group: string;
  metric: string;
  goal: Goal | null;
  at: string;
  /** Names of the fields by which the configurations are told apart. */
  fields: string[];
  /** Best first; where no goal is known, in the order of their fields. */
  configurations: Configuration[];
  problems: Problem[];
}

export interface Configuration {
  fields: JsonObject;
  /** Of the values that count; `sd` is that of a sample, so it takes two. */
  mean: number | null;
  sd: number | null;
  /** Number of values that count, of so many runs. */
  n: number;
  n_runs: number;
  best: boolean;
  /** No run has finished: the mean is of what the others have logged so far. */
  preliminary: boolean;
  /** Finished runs whose value is not a finite number, and finished runs without a value. */
  n_not_finite: number;
  n_without_value: number;
  states: Partial<Record<ReportState, number>>;
  /** Mean of the curves of the runs that count, in equal spans of steps; NaN where there is no value. */
  curve: number[];
  runs: { run: string; seed: number | null; state: ReportState; value: number | null; step: number | null }[];
}

/** A run that somebody should look at. */
export interface Problem {
  run: string;
  problem: ReportState | 'not finite' | 'no value';
  steps: number | null;
  error: string | null;
  look: string;
}

export interface MeasuredRun extends Measurement {
  entry: RunEntry;
  curve: number[];
}

/** @param measured what was read off the metrics of each run of the grouping */
export function summarise(
  { title, fields, cells }: Grouping,
  objective: Objective,
  measured: (entry: RunEntry) => MeasuredRun,
): Summary {
  const configurations = cells.map((cell) => configurationOf(cell, objective, measured));
  const ranked = configurations.sort((a, b) => rank(a, b, objective.goal) || compareFields(a, b, fields));
  const [first] = ranked;
  const runs = cells.flatMap(({ entries }) => entries.map(measured));
  return {
    group: title,
    metric: objective.metric,
    goal: objective.goal,
    at: formatAt(objective.at),
    fields,
    configurations: ranked.map((configuration) => ({
      ...configuration,
      best: configuration === first && ranked.length > 1 && objective.goal !== null && configuration.n > 0,
    })),
    // A metric that no run has is the wrong metric, not a problem of each run.
    problems: runs
      .flatMap((run) => problemOf(run, objective) ?? [])
      .filter(({ problem }) => problem !== 'no value' || runs.some(({ value }) => value !== null)),
  };
}

function configurationOf(
  { fields, entries }: Cell,
  objective: Objective,
  measured: (entry: RunEntry) => MeasuredRun,
): Configuration {
  const runs = entries.map(measured);
  const counting = runs.filter((run) => counts(run, objective));
  const preliminary = counting.length === 0;
  const shown = (preliminary ? runs.filter(({ entry }) => entry.row.state !== 'diverged') : counting).filter(hasNumber);
  const values = shown.map(({ value }) => value);
  const states: Partial<Record<ReportState, number>> = {};
  for (const { row } of entries) states[row.state] = (states[row.state] ?? 0) + 1;
  return {
    fields,
    ...meanAndSd(values),
    n: preliminary ? 0 : values.length,
    n_runs: runs.length,
    best: false,
    preliminary: preliminary && values.length > 0,
    n_not_finite: counting.filter((run) => run.value !== null && !hasNumber(run)).length,
    n_without_value: counting.filter((run) => run.value === null).length,
    states,
    curve: meanCurve(shown.map(({ curve }) => curve)),
    runs: runs.map(({ entry: { row }, value, step }) => ({
      run: row.run,
      seed: row.seed,
      state: row.state,
      value,
      step,
    })),
  };
}

/**
 * Whether a run's value is one of its configuration. The last or best value of a run that has not finished would be held
 * against those of runs that have; a value at a given step may be. A diverged run has no value, however low its loss once was.
 */
function counts({ entry, value }: MeasuredRun, { at }: Objective): boolean {
  const { state } = entry.row;
  if (state === 'diverged') return false;
  return state === 'done' || state === 'unknown' || (at.kind === 'step' && value !== null);
}

function hasNumber(run: MeasuredRun): run is MeasuredRun & { value: number } {
  return run.value !== null && Number.isFinite(run.value);
}

function problemOf(measured: MeasuredRun, objective: Objective): Problem | null {
  const { entry, value } = measured;
  const { state, run, steps, error } = entry.row;
  const problem = (kind: Problem['problem']) => ({ run, problem: kind, steps, error, look: entry.look });
  if (TROUBLED.has(state)) return problem(state);
  if (!counts(measured, objective) || hasNumber(measured)) return null;
  return problem(value === null ? 'no value' : 'not finite');
}

const TROUBLED: ReadonlySet<ReportState> = new Set(['failed', 'diverged', 'killed', 'interrupted', 'damaged']);

/**
 * Order of merit. A configuration of which a run diverged or ended without a number is not better than one of which none did,
 * whatever its other runs reached: on average over seeds its value is not a number either.
 */
function rank(a: Configuration, b: Configuration, goal: Goal | null): number {
  if (goal === null) return 0;
  const byClass = classOf(a) - classOf(b);
  if (byClass !== 0 || a.mean === null || b.mean === null) return byClass;
  return goal === 'minimize' ? a.mean - b.mean : b.mean - a.mean;
}

function classOf({ mean, preliminary, states, n_not_finite }: Configuration): number {
  if (mean === null) return 3;
  if (preliminary) return 2;
  return (states.diverged ?? 0) + n_not_finite > 0 ? 1 : 0;
}

function compareFields(a: Configuration, b: Configuration, fields: readonly string[]): number {
  for (const field of fields) {
    const order = compareValues(a.fields[field] ?? null, b.fields[field] ?? null);
    if (order !== 0) return order;
  }
  return 0;
}

/** Numbers by size, everything else by its text. */
function compareValues(a: JsonValue, b: JsonValue): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [x, y] = [JSON.stringify(a), JSON.stringify(b)];
  return x === y ? 0 : x < y ? -1 : 1;
}

function meanAndSd(values: readonly number[]): { mean: number | null; sd: number | null } {
  if (values.length === 0) return { mean: null, sd: null };
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1) return { mean, sd: null };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: Math.sqrt(squares / (values.length - 1)) };
}

function meanCurve(curves: readonly number[][]): number[] {
  const points = curves.reduce((most, curve) => Math.max(most, curve.length), 0);
  return Array.from({ length: points }, (_, i) => {
    const values = curves.map((curve) => curve[i] ?? Number.NaN).filter(Number.isFinite);
    return meanAndSd(values).mean ?? Number.NaN;
  });
}
