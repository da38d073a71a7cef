// Importance of hyperparameters: what the axes of a table have to do with being among its best configurations.

import type { Goal } from '../../run_files/objective.ts';
import { canonicalJson, type JsonValue } from '../../util/json.ts';
import type { Configuration } from '../summary.ts';
import { rankCorrelation } from './correlation.ts';
import { type Parameter, pedAnova } from './ped_anova.ts';
import type { Axis, Importance } from './study.ts';

/** Fewer say nothing about which of several fields it was. */
const FEWEST_CONFIGURATIONS = 8;
/** From here on the best are as many as Optuna recommends. */
const MOST_OF_FEW = 5;

export interface Estimate {
  importance: Importance[];
  note: string | null;
}

/**
 * Seeds are replicates and no trials of their own: a configuration is one trial, with its mean over seeds. One of which a run
 * diverged, or ended without a number, is a trial that did worse than all others; one that has no finished run is none.
 */
export function importanceOf(
  axes: readonly Axis[],
  configurations: readonly Configuration[],
  goal: Goal | null,
): Estimate {
  const none = (note: string): Estimate => ({ importance: [], note });
  if (axes.length === 0) return none('No field varies.');
  if (goal === null) return none('Nothing says which way is better.');
  const trials = configurations.flatMap((each) => trialOf(each, goal) ?? []);
  if (trials.length < FEWEST_CONFIGURATIONS) {
    return none(
      `Too few to estimate it: ${trials.length} configurations have an end to judge by, and it takes ${FEWEST_CONFIGURATIONS}.`,
    );
  }
  const n_best = bestCount(trials.length);
  const cutoff = trials.map(({ loss }) => loss).sort((a, b) => a - b)[n_best - 1] ?? Number.NaN;
  const isBest = trials.map(({ loss }) => loss <= cutoff);
  if (isBest.every(Boolean)) return none('All configurations tie.');
  const raw = pedAnova(
    axes.map((axis) => parameterOf(axis, trials)),
    isBest,
  );
  const total = raw.reduce((sum, each) => sum + each, 0);
  const importance = axes
    .map((axis, i) => ({
      field: axis.field,
      share: total === 0 ? 1 / axes.length : (raw[i] ?? 0) / total,
      correlation: correlationOf(axis, configurations),
    }))
    .sort((a, b) => b.share - a.share || (a.field < b.field ? -1 : 1));
  const counted = isBest.filter(Boolean).length;
  const few = `Estimated from the best ${counted} of ${trials.length} configurations, which is few: take it as a hint.`;
  return { importance, note: counted < MOST_OF_FEW ? few : null };
}

/** Over the configurations that have ended with a number: one that diverged has none. */
function correlationOf({ field, scale }: Axis, configurations: readonly Configuration[]): number | null {
  if (scale === 'category') return null;
  return rankCorrelation(
    configurations.flatMap(({ fields, mean, n }) => {
      const value = fields[field];
      return typeof value === 'number' && mean !== null && n > 0 && Number.isFinite(mean)
        ? [[value, mean] as const]
        : [];
    }),
  );
}

/** A tenth, as Optuna takes; where that is fewer than five, up to five, and at most a quarter. */
function bestCount(trials: number): number {
  return Math.max(Math.ceil(trials / 10), Math.min(MOST_OF_FEW, Math.ceil(trials / 4)));
}

interface Trial {
  fields: Configuration['fields'];
  /** Less is better. */
  loss: number;
}

function trialOf({ fields, mean, n, states, n_not_finite }: Configuration, goal: Goal): Trial | null {
  if ((states.diverged ?? 0) + n_not_finite > 0) return { fields, loss: Number.POSITIVE_INFINITY };
  if (mean === null || n === 0) return null;
  return { fields, loss: goal === 'minimize' ? mean : -mean };
}

/** Numbers are of the range that was tried, on the axis' own scale. A field that a configuration lacks is no category. */
function parameterOf({ field, scale }: Axis, trials: readonly Trial[]): Parameter {
  const values = trials.map(({ fields }) => fields[field] ?? null);
  if (scale === 'category') {
    const keys = [...new Set(values.filter((value) => value !== null).map(canonicalJson))].sort();
    const position = (value: JsonValue) => (value === null ? null : keys.indexOf(canonicalJson(value)));
    return { name: field, domain: { kind: 'category', choices: keys.length }, values: values.map(position) };
  }
  const numbers = values.filter((value) => typeof value === 'number');
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const domain = { kind: 'number', low, high, log: scale === 'log' } as const;
  return { name: field, domain, values: values.map((value) => (typeof value === 'number' ? value : null)) };
}
