// The rule `patience`: a trial is given up where it has got no better for a while. It needs no others to compare with.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { semantic } from '../../registry/fields.ts';
import { plural } from '../../util/plural.ts';
import { type EarlyStopping, earlyStoppingSlot } from '../types.ts';
import { figure } from './values.ts';

export const patienceStopping = defineBuilder({
  slot: earlyStoppingSlot,
  name: 'patience',
  version: 1,
  doc: 'Gives up a trial that has not improved within so many of its values.',
  params: Type.Object({
    patience: semantic(
      Type.Integer({
        minimum: 1,
        default: 3,
        description: 'Values in a row without an improvement after which a trial is given up.',
      }),
    ),
    min_delta: semantic(
      Type.Number({
        minimum: 0,
        default: 0,
        description: 'By how much a value must be better than the last improvement to be one.',
      }),
    ),
  }),
  build: ({ patience, min_delta }): EarlyStopping => ({
    kind: 'curve',
    givesUp({ values }, _others, goal = 'minimize') {
      let improved: { step: number; value: number } | null = null;
      let waited = 0;
      for (const { step, value } of values) {
        const isImprovement = Number.isFinite(value) && (improved === null || improved.value - value > min_delta);
        if (isImprovement) improved = { step, value };
        waited = isImprovement ? 0 : waited + 1;
      }
      if (waited < patience) return null;
      const step = values.at(-1)?.step ?? 0;
      if (improved === null) return `patience: none of ${plural(waited, 'value')} up to step ${step} is finite`;
      const { value, step: when } = improved;
      const by = min_delta === 0 ? '' : ` by more than ${min_delta}`;
      const count = waited === 1 ? 'the value' : `none of ${waited} values`;
      const verb = waited === 1 ? 'is not better' : 'is better';
      return `patience: ${count} up to step ${step} ${verb}${by} than ${figure(value, goal)} at step ${when}`;
    },
  }),
});
