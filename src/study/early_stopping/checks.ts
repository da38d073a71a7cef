// At which values of its curve a trial is looked at: the first one at or after each of regularly spaced steps (Optuna's pruners do so).

import { Type } from '@sinclair/typebox';
import { semantic } from '../../registry/fields.ts';
import type { Curve } from '../types.ts';

export const checkFields = {
  n_warmup_steps: semantic(
    Type.Integer({ minimum: 0, default: 0, description: 'Before this step no trial is given up.' }),
  ),
  interval_steps: semantic(
    Type.Integer({
      minimum: 1,
      default: 1,
      description:
        'Steps between two looks at a trial, counted from n_warmup_steps. Where nothing is measured at such a step, the next value is looked at.',
    }),
  ),
};

/** The last value of the curve, where it is one to look at. */
export function checked(
  { values }: Curve,
  { n_warmup_steps, interval_steps }: { n_warmup_steps: number; interval_steps: number },
): { step: number; value: number } | null {
  const last = values.at(-1);
  if (last === undefined || last.step < n_warmup_steps) return null;
  const due = Math.floor((last.step - n_warmup_steps) / interval_steps) * interval_steps + n_warmup_steps;
  return (values.at(-2)?.step ?? -1) < due ? last : null;
}
