// The rules `percentile` and `median`: a trial is given up where the best that it has come to is worse than what most others had at the
// same step. Both decide as Optuna's PercentilePruner does.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { semantic } from '../../registry/fields.ts';
import { plural } from '../../util/plural.ts';
import { type EarlyStopping, earlyStoppingSlot } from '../types.ts';
import { checked, checkFields } from './checks.ts';
import { comparable, told } from './values.ts';

const comparisonFields = {
  n_startup_trials: semantic(
    Type.Integer({
      minimum: 0,
      default: 5,
      description: 'How many trials have to have come to their end before any is given up.',
    }),
  ),
  ...checkFields,
  n_min_trials: semantic(
    Type.Integer({
      minimum: 1,
      default: 1,
      description: 'How many of them have to have measured something at the very step of the trial.',
    }),
  ),
};

export const percentileStopping = defineBuilder({
  slot: earlyStoppingSlot,
  name: 'percentile',
  version: 1,
  doc: 'Gives up a trial that is not among the best so many percent: its best value so far against those of finished trials at the same step.',
  params: Type.Object({
    percentile: semantic(
      Type.Number({ minimum: 0, maximum: 100, description: 'How many percent of the trials go on, as 25.' }),
    ),
    ...comparisonFields,
  }),
  build: ({ percentile, ...fields }) =>
    comparison({ percentile, ...fields }, 'percentile', (count) => `which the best ${percentile} % of ${count} reach`),
});

export const medianStopping = defineBuilder({
  slot: earlyStoppingSlot,
  name: 'median',
  version: 1,
  doc: 'Gives up a trial whose best value so far is worse than the median of finished trials at the same step.',
  params: Type.Object(comparisonFields),
  build: (fields) => comparison({ percentile: 50, ...fields }, 'median', (count) => `the median of ${count}`),
});

interface Comparison {
  percentile: number;
  n_startup_trials: number;
  n_warmup_steps: number;
  interval_steps: number;
  n_min_trials: number;
}

function comparison(fields: Comparison, name: string, whatItIs: (trials: string) => string): EarlyStopping {
  const { percentile, n_startup_trials, n_min_trials } = fields;
  return {
    kind: 'curve',
    givesUp(curve, others, goal = 'minimize') {
      const finished = others.filter(({ isOver, trial }) => isOver && trial !== curve.trial);
      // A trial has a curve a seed.
      const trials = new Set(finished.map(({ trial }) => trial)).size;
      if (trials === 0 || trials < n_startup_trials) return null;
      const last = checked(curve, fields);
      if (last === null) return null;
      const best = curve.values.reduce((a, b) => (comparable(b.value) < comparable(a.value) ? b : a));
      if (!Number.isFinite(best.value)) return `${name}: none of its values up to step ${last.step} is finite`;

      const values = finished.flatMap(({ values }) => values.find(({ step }) => step === last.step)?.value ?? []);
      if (values.length < n_min_trials) return null;
      const bound = percentileOf(values.map(comparable), percentile);
      if (best.value <= bound) return null;
      const [mine, theirs] = told(best.value, bound, goal);
      const when = best.step === last.step ? '' : `, the best up to step ${last.step},`;
      return `${name}: ${mine} at step ${best.step}${when} is worse than ${theirs}, ${whatItIs(plural(values.length, 'trial'))}`;
    },
  };
}

/** Between the two values around it in proportion, with the rounding of numpy. The values may be infinite. */
export function percentileOf(values: readonly number[], percentile: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (percentile / 100) * (sorted.length - 1);
  const below = Math.floor(place);
  const [low = Number.NaN, high = low] = sorted.slice(below, below + 2);
  const share = place - below;
  if (share === 0 || low === high) return low;
  return share < 0.5 ? low + (high - low) * share : high - (high - low) * (1 - share);
}
