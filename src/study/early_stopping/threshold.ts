// The rule `threshold`: a trial is given up where a value lies outside of bounds, or is none.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { nullable, semantic } from '../../registry/fields.ts';
import { ConfigurationError } from '../../util/errors.ts';
import { type EarlyStopping, earlyStoppingSlot } from '../types.ts';
import { checked, checkFields } from './checks.ts';
import { ofMetric, told } from './values.ts';

export const thresholdStopping = defineBuilder({
  slot: earlyStoppingSlot,
  name: 'threshold',
  version: 1,
  doc: 'Gives up a trial whose last value lies below or above a bound, or is not finite.',
  params: Type.Object({
    lower: nullable(
      semantic(
        Type.Number({ default: null, description: 'A value of the metric below it is too low; null = none is.' }),
      ),
    ),
    upper: nullable(
      semantic(
        Type.Number({ default: null, description: 'A value of the metric above it is too high; null = none is.' }),
      ),
    ),
    ...checkFields,
  }),
  build({ lower, upper, ...fields }): EarlyStopping {
    if (lower !== null && upper !== null && lower > upper) {
      throw new ConfigurationError(`threshold: lower ${lower} lies above upper ${upper}`, { hint: 'Swap the two.' });
    }
    return {
      kind: 'curve',
      givesUp(curve, _others, goal = 'minimize') {
        const last = checked(curve, fields);
        if (last === null) return null;
        const { step } = last;
        if (!Number.isFinite(last.value)) return `threshold: the value at step ${step} is not finite`;
        const value = ofMetric(last.value, goal);
        if (lower !== null && value < lower) return outside(value, step, 'below', lower);
        if (upper !== null && value > upper) return outside(value, step, 'above', upper);
        return null;
      },
    };
  },
});

function outside(value: number, step: number, side: 'below' | 'above', bound: number): string {
  const [figure] = told(value, bound, 'minimize');
  return `threshold: ${figure} at step ${step} is ${side} ${bound}`;
}
