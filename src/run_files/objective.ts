// What runs are judged by, defined once: which value of a metric counts for a run, which runs count for their configuration,
// and which configuration is the best. Screens, reports and `checkpoint: best` all go by it.

import type { Headline } from '../registry/headline.ts';
import type { EarlyStoppingRule } from '../training/early_stopping.ts';
import type { RunRecord, SeenState } from './types.ts';

export const GOALS = ['minimize', 'maximize'] as const;
export type Goal = (typeof GOALS)[number];

/** An objective as a sweep file and run.json spell it. */
export type DeclaredObjective = NonNullable<RunRecord['objective']>;

/** That of a sweep, whose runs may be of several stages: `stage` names the one that is judged; without it the last is. */
export interface SweepObjective extends DeclaredObjective {
  stage?: string | null;
}

/**
 * Which value of a metric counts for a run.
 * - `last`: that of the greatest step. Lines without a step count where no line has one, and then the last of them.
 * - `best`: the finite value that the goal prefers; of equal ones that of the first step. Where none is finite, the last.
 * - `step`: the last value logged at or before that step, of a run that got that far. Lines without a step do not count.
 */
export type At = { kind: 'last' } | { kind: 'best' } | { kind: 'step'; step: number };

export interface Objective {
  metric: string;
  /** Null where nobody said it and the name does not tell: then no configuration is the best. */
  goal: Goal | null;
  at: At;
}

/**
 * What early stopping goes by; null where it names no metric and the trainer declares none. The objective of a sweep has no say:
 * it is no part of what a run is, and when a run ends is.
 */
export function stoppingObjective(
  { metric, goal }: Pick<EarlyStoppingRule, 'metric' | 'goal'>,
  headline: readonly Pick<Headline, 'metric' | 'goal'>[],
): Pick<Objective, 'metric' | 'goal'> | null {
  const chosen = metric ?? headline[0]?.metric;
  if (chosen === undefined) return null;
  return { metric: chosen, goal: goal ?? headline.find((each) => each.metric === chosen)?.goal ?? null };
}

/** Null for what is neither `last`, `best` nor `step:N`. */
export function parseAt(text: string): At | null {
  if (text === 'last' || text === 'best') return { kind: text };
  const [, step] = /^step:(\d{1,15})$/.exec(text) ?? [];
  return step === undefined ? null : { kind: 'step', step: Number(step) };
}

export function formatAt(at: At): string {
  return at.kind === 'step' ? `step:${at.step}` : at.kind;
}

export interface Measurement {
  /** Null for a run that did not log the metric, or did not get as far as the step asked for. May be NaN or infinite. */
  value: number | null;
  /** The step of the value; null if it was logged without one. */
  step: number | null;
}

/** Finds the value of one run that counts: told of its values in the order in which they were logged. */
export class Measuring {
  readonly #objective: Pick<Objective, 'goal' | 'at'>;
  #chosen: { value: number; step: number | null } | null = null;

  constructor(objective: Pick<Objective, 'goal' | 'at'>) {
    this.#objective = objective;
  }

  /** A logged text, or any other value that is not a number, is told as NaN. */
  add(step: number | null, value: number): void {
    const { at } = this.#objective;
    if (at.kind === 'step' && (step === null || step > at.step)) return;
    if (this.#chosen === null || this.#replaces(step, value, this.#chosen)) this.#chosen = { value, step };
  }

  /** @param reached the last step of which the run has logged anything */
  result(reached: number | null): Measurement {
    const { at } = this.#objective;
    if (at.kind === 'step' && (reached === null || reached < at.step)) return { value: null, step: null };
    return this.#chosen ?? { value: null, step: null };
  }

  #replaces(step: number | null, value: number, chosen: { value: number; step: number | null }): boolean {
    const { goal, at } = this.#objective;
    const later = (step ?? -1) >= (chosen.step ?? -1);
    if (at.kind !== 'best') return later;
    if (!Number.isFinite(value)) return !Number.isFinite(chosen.value) && later;
    if (!Number.isFinite(chosen.value)) return true;
    // In whatever order rows come: a row that says its step before one that does not.
    if (value === chosen.value) return step !== null && (chosen.step === null || step < chosen.step);
    return goal === 'maximize' ? value > chosen.value : value < chosen.value;
  }
}

/**
 * Whether a run's value is one of its configuration. The last or best value of a run that has not finished would be held
 * against those of runs that have; a value at a given step may be. A run that was stopped early has finished. A diverged run
 * has no value, however low its loss once was. `unknown`, a run that says nothing of its state, is taken for finished.
 */
export function counts(state: SeenState, value: number | null, at: At): boolean {
  if (state === 'diverged') return false;
  return state === 'done' || state === 'stopped' || state === 'unknown' || (at.kind === 'step' && value !== null);
}

/** What the runs of one configuration come to. */
export interface Score {
  /** Of the values that count; `sd` is that of a sample, so it takes two. */
  mean: number | null;
  sd: number | null;
  /** Number of values that count. */
  n: number;
  /** No run counts: the mean is of what the others have logged so far. */
  preliminary: boolean;
  /** Runs that diverged, runs that count with a value that is not a finite number, and runs that count without a value. */
  n_diverged: number;
  n_not_finite: number;
  n_without_value: number;
}

export interface JudgedRun {
  state: SeenState;
  value: number | null;
}

export function scoreOf(runs: readonly JudgedRun[], at: At): Score {
  const counting = runs.filter(({ state, value }) => counts(state, value, at));
  const values = numbersOf(valuedRuns(runs, at));
  const preliminary = counting.length === 0 && values.length > 0;
  return {
    ...meanAndSd(values),
    n: preliminary ? 0 : values.length,
    preliminary,
    n_diverged: runs.filter(({ state }) => state === 'diverged').length,
    n_not_finite: counting.filter(({ value }) => value !== null && !Number.isFinite(value)).length,
    n_without_value: counting.filter(({ value }) => value === null).length,
  };
}

/** The runs whose values the mean is of: those that count; where none does, those that may still come to count. */
export function valuedRuns<Run extends JudgedRun>(runs: readonly Run[], at: At): Run[] {
  const counting = runs.filter(({ state, value }) => counts(state, value, at));
  const shown = counting.length > 0 ? counting : runs.filter(({ state }) => state !== 'diverged');
  return shown.filter(({ value }) => value !== null && Number.isFinite(value));
}

/** The run of a configuration whose value is the best, the first of those that tie; null without a goal or a value. */
export function bestRun<Run extends JudgedRun>(
  runs: readonly Run[],
  { goal, at }: Pick<Objective, 'goal' | 'at'>,
): (Run & { value: number }) | null {
  let best: (Run & { value: number }) | null = null;
  for (const run of valuedRuns(runs, at)) {
    const { value } = run;
    if (goal === null || value === null) return null;
    if (best === null || (goal === 'maximize' ? value > best.value : value < best.value)) best = { ...run, value };
  }
  return best;
}

/**
 * Order of merit, the better one first; 0 for a tie. A configuration of which a run diverged or ended without a number is not
 * better than one of which none did, whatever its other runs reached: on average over seeds its value is NaN too.
 */
export function compareScores(a: Score, b: Score, goal: Goal | null): number {
  if (goal === null) return 0;
  const byClass = classOf(a) - classOf(b);
  if (byClass !== 0 || a.mean === null || b.mean === null) return byClass;
  return goal === 'minimize' ? a.mean - b.mean : b.mean - a.mean;
}

function classOf({ mean, preliminary, n_diverged, n_not_finite }: Score): number {
  if (mean === null) return 3;
  if (preliminary) return 2;
  return n_diverged + n_not_finite > 0 ? 1 : 0;
}

/**
 * Why no configuration is the best: nothing says which way is better, no run counts yet, all of several tie, so that nothing tells
 * them apart, or one alone has a value and the others have finished without: it was held against none.
 */
export type Undecided = 'no_goal' | 'none_counts' | 'all_tie' | 'one_measured';

/** Those that no other beats: several where they tie; or why there are none. */
export function bestOf<Item extends { score: Score }>(
  items: readonly Item[],
  goal: Goal | null,
): { best: Item[]; undecided: Undecided | null } {
  const none = (undecided: Undecided) => ({ best: [], undecided });
  if (goal === null) return none('no_goal');
  // A sweep asks after each of its runs, so nothing is sorted.
  let first = items[0];
  for (const item of items) if (first !== undefined && compareScores(item.score, first.score, goal) < 0) first = item;
  if (first === undefined || first.score.n === 0) return none('none_counts');
  const lacks = ({ score: { mean, n_without_value } }: Item) => mean === null && n_without_value > 0;
  const hasRival = items.some((item) => item !== first && item.score.mean !== null);
  if (!hasRival && items.some((item) => item !== first && lacks(item))) return none('one_measured');
  const best = items.filter(({ score }) => compareScores(score, first.score, goal) === 0);
  return best.length > 1 && best.length === items.length ? none('all_tie') : { best, undecided: null };
}

/** Of a sample: the deviation takes two values. Values whose sum overflows still have a mean. */
export function meanAndSd(values: readonly number[]): { mean: number | null; sd: number | null } {
  const n = values.length;
  if (n === 0) return { mean: null, sd: null };
  const sum = values.reduce((total, value) => total + value, 0);
  const mean = Number.isFinite(sum) ? sum / n : values.reduce((total, value) => total + value / n, 0);
  if (n === 1) return { mean, sd: null };
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value - mean)), 0);
  if (largest === 0 || !Number.isFinite(largest)) return { mean, sd: largest };
  // Scaled, so that squares neither overflow nor vanish where the values are extreme.
  const scale = largest > 1e150 || largest < 1e-150 ? largest : 1;
  const squares = values.reduce((total, value) => total + ((value - mean) / scale) ** 2, 0);
  return { mean, sd: Math.sqrt(squares / (n - 1)) * scale };
}

function numbersOf(runs: readonly JudgedRun[]): number[] {
  return runs.flatMap(({ value }) => (value === null ? [] : [value]));
}
