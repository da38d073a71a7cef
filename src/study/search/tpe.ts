// The tree-structured Parzen estimator: points that are likely among the good trials and unlikely among the others. It behaves as
// Optuna 5's TPESampler(multivariate=True, group=True); docs/search.md says where it differs.

import { nextUniform, randomFor } from '../../util/random.ts';
import type { Parameter, Point, Question, Trial } from '../types.ts';
import { ParzenEstimator, type Uniform } from './parzen.ts';
import { suggestRandom } from './random.ts';
import { countOf, isValueOf, pointOf, valueAt, valueIn } from './values.ts';

export interface TpeOptions {
  n_startup_trials: number;
  n_ei_candidates: number;
  multivariate: boolean;
  group: boolean;
  constant_liar: boolean;
}

/** How many of so many trials count as good. */
const goodOf = (count: number) => Math.min(Math.ceil(0.1 * count), 25);

/** @param uniform whatever is drawn; by itself the trial's own generator */
export function suggestTpe(options: TpeOptions, question: Question, uniform?: Uniform): Point {
  const { space, trials, seed } = question;
  const told = trials.filter(({ state }) => state === 'finished' || state === 'stopped');
  if (told.length < options.n_startup_trials) return suggestRandom(question);
  const { good, others } = splitTrials(trials, options.constant_liar);
  const random = randomFor(seed, 'tpe', trials.length);
  const draw = uniform ?? (() => nextUniform(random));
  const chosen = new Map<string, number>();
  for (const group of groupsOf(space, options)) {
    const distributions = group.map(({ distribution }) => distribution);
    const likelyGood = new ParzenEstimator(distributions, valuesOf(good, group));
    const likelyOther = new ParzenEstimator(distributions, valuesOf(others, group));
    const candidates = likelyGood.sample(draw, options.n_ei_candidates);
    const best = firstBest(candidates, (point) => likelyGood.logDensity(point) - likelyOther.logDensity(point));
    for (const [i, { name }] of group.entries()) chosen.set(name, best[i] ?? Number.NaN);
  }
  return pointOf(space, ({ name, distribution }) => chosen.get(name) ?? valueAt(distribution, 0));
}

/**
 * Finished trials by their values, then those that were stopped: who came farther first, then by value. Pending trials lie, that they
 * are bad, so that those that run together keep apart; a trial that failed is one to keep away from too.
 */
export function splitTrials(trials: readonly Trial[], constant_liar: boolean): { good: Trial[]; others: Trial[] } {
  const byNumber = trials.toSorted((a, b) => a.number - b.number);
  const finished = byNumber.filter(({ state }) => state === 'finished').sort((a, b) => compare(worth(a), worth(b)));
  const stopped = byNumber
    .filter(({ state }) => state === 'stopped')
    .sort((a, b) => compare(farness(a), farness(b)) || compare(worth(a), worth(b)));
  const ranked = [...finished, ...stopped];
  const good = new Set(ranked.slice(0, goodOf(ranked.length)));
  return {
    good: byNumber.filter((trial) => good.has(trial)),
    others: byNumber.filter((trial) => !good.has(trial) && (constant_liar || trial.state !== 'pending')),
  };
}

/** Of both infinite the difference is no number. */
const compare = (a: number, b: number) => (a === b ? 0 : a < b ? -1 : 1);

const worth = ({ value }: Trial) => (value === null || Number.isNaN(value) ? Number.POSITIVE_INFINITY : value);

/** One that measured nothing comes last. */
const farness = ({ step, value }: Trial) => (step === null || value === null ? 1 : -step);

/** Parameters whose values are drawn together: those that are there under the same condition. One with a single value is in none. */
function groupsOf(space: readonly Parameter[], { multivariate, group }: TpeOptions): Parameter[][] {
  const groups = new Map<string, Parameter[]>();
  for (const parameter of space) {
    const { name, when, distribution } = parameter;
    if (countOf(distribution) === 1) continue;
    const together = multivariate && (when === null || group);
    const key = JSON.stringify(together ? [when?.parameter, when?.choice] : name);
    groups.set(key, [...(groups.get(key) ?? []), parameter]);
  }
  return [...groups.values()];
}

/** Of the trials in which the parameters are there, with values that the space still has. */
function valuesOf(trials: readonly Trial[], group: readonly Parameter[]): number[][] {
  return trials.flatMap(({ point }) => {
    const values = group.flatMap(({ name, distribution }) => {
      const value = valueIn(point, name);
      return value !== null && isValueOf(distribution, value) ? [value] : [];
    });
    return values.length === group.length ? [values] : [];
  });
}

function firstBest<T>(candidates: readonly T[], of: (candidate: T) => number): T {
  const figures = candidates.map(of);
  return candidates[figures.indexOf(Math.max(...figures))] ?? candidates[0];
}
