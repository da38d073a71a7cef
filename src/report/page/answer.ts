// The question of a study and its answer: which configuration is the best, by how much, how sure that is, and what went wrong.

import type { SeenState } from '../../run_files/types.ts';
import { whyUndecided } from '../../run_files/undecided.ts';
import type { JsonObject } from '../../util/json.ts';
import { printable } from '../../util/printable.ts';
import { formatExact } from '../format.ts';
import type { Configuration, Problem, Summary } from '../summary.ts';
import { differenceInterval, type Interval, meanInterval } from './interval.ts';
import { type StateCount, stateCounts } from './states.ts';

export interface Answer {
  /** The configurations that no other beats; empty where none is the best. */
  best: Ranked[];
  /** Why none is the best; null where one is. */
  undecided: string | null;
  /** How far ahead the best one is; null where nothing is left to compare it with, or several tie. */
  lead: Lead | null;
  states: StateCount[];
  problems: PageProblem[];
  n_more_problems: number;
  /** The best ones first, and how many are not among them. */
  configurations: Ranked[];
  n_more_configurations: number;
  isPriced: boolean;
  /** The command that runs what is missing. */
  again: string | null;
}

export interface Ranked {
  /** From 1, in the order of the table. */
  rank: number;
  /** What it is called, one a field that tells the configurations apart. */
  settings: { field: string; value: string }[];
  mean: number | null;
  sd: number | null;
  interval: Interval | null;
  n: number;
  n_runs: number;
  isBest: boolean;
  preliminary: boolean;
  cost: number | null;
  best_run: string | null;
  /** Mean over its runs, NaN where there is no value. */
  curve: number[];
  notes: string[];
}

export interface Lead {
  next: Ranked;
  /** Between the means, never negative. */
  by: number;
  /** Where that lies with a confidence of 95 %; null where a single run on either side does not tell. */
  interval: Interval | null;
  /** Whether it is more than replicates vary; null where that is not known: also where those of neither differ at all. */
  exceedsSpread: boolean | null;
}

interface PageProblem extends Omit<Problem, 'error'> {
  error: string;
}

/** More are read in the table of runs. */
const MOST_PROBLEMS = 12;
const MOST_CONFIGURATIONS = 20;

export function answerOf(summary: Summary): Answer {
  const ranked = summary.configurations.map((configuration, i) => rankedOf(configuration, i + 1, summary.shown));
  const best = ranked.filter(({ isBest }) => isBest);
  return {
    best,
    undecided: summary.undecided === null ? null : whyUndecided(summary.undecided),
    lead: leadOf(best, ranked),
    states: stateCounts(summary.states),
    problems: summary.problems.slice(0, MOST_PROBLEMS).map(({ error, ...each }) => ({ ...each, error: error ?? '' })),
    n_more_problems: Math.max(0, summary.problems.length - MOST_PROBLEMS),
    configurations: ranked.slice(0, MOST_CONFIGURATIONS),
    n_more_configurations: Math.max(0, ranked.length - MOST_CONFIGURATIONS),
    isPriced: ranked.some(({ cost }) => cost !== null),
    again: summary.again,
  };
}

function settingsOf(fields: JsonObject, shown: readonly string[]): Ranked['settings'] {
  return shown.map((field) => ({ field: printable(field), value: formatExact(fields[field] ?? null) }));
}

function rankedOf(configuration: Configuration, rank: number, shown: readonly string[]): Ranked {
  const { fields, mean, sd, n, n_runs, best, preliminary, cost, best_run, curve } = configuration;
  return {
    rank,
    settings: settingsOf(fields, shown),
    mean,
    sd,
    interval: mean === null ? null : meanInterval({ mean, sd, n }),
    n,
    n_runs,
    isBest: best,
    preliminary,
    cost: cost ?? null,
    best_run,
    curve,
    notes: notesOf(configuration),
  };
}

function notesOf({ states, n_not_finite, n_without_value, preliminary }: Configuration): string[] {
  const others = stateCounts(states).filter(({ state }) => state !== 'done');
  return [
    ...others.map(({ state, n }) => `${n} ${state}`),
    ...(n_not_finite > 0 ? [`${n_not_finite} not finite`] : []),
    ...(n_without_value > 0 ? [`${n_without_value} without value`] : []),
    ...(preliminary ? ['so far'] : []),
  ];
}

/** Held against the next one that counts: one of which a run diverged is no match, however low its mean. */
function leadOf(best: readonly Ranked[], ranked: readonly Ranked[]): Lead | null {
  const [first] = best;
  if (first === undefined || best.length > 1 || first.mean === null) return null;
  const next = ranked.find(({ isBest, mean, preliminary }) => !isBest && mean !== null && !preliminary);
  if (next === undefined || next.mean === null) return null;
  const pair = [
    { ...first, mean: first.mean },
    { ...next, mean: next.mean },
  ] as const;
  const [ahead, behind] = first.mean > next.mean ? pair : pair.toReversed();
  const interval = ahead === undefined || behind === undefined ? null : differenceInterval(ahead, behind);
  const isSpread = first.sd !== 0 || next.sd !== 0;
  const exceedsSpread = interval === null || !isSpread ? null : interval.low > 0;
  return { next, by: Math.abs(first.mean - next.mean), interval, exceedsSpread };
}

/** Those that ended badly, for what stands in plain sight. */
export const TROUBLED: ReadonlySet<SeenState> = new Set(['failed', 'diverged', 'killed', 'interrupted', 'damaged']);
