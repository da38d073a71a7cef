// The rule `asha`: asynchronous successive halving, by promotion. A trial trains to a rung, and goes on if it is among the best there.

import { type Static, Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { semantic } from '../../registry/fields.ts';
import { type EarlyStopping, earlyStoppingSlot } from '../types.ts';
import { promotion, rungSteps } from './halving.ts';

export const halvingFields = {
  min_steps: semantic(
    Type.Integer({
      minimum: 1,
      description:
        'Steps that every trial trains at least: where the first rung lies. At them it must show which are better.',
    }),
  ),
  reduction_factor: semantic(
    Type.Integer({
      minimum: 2,
      default: 3,
      description: 'One of so many goes on from a rung, and trains so many times as many steps to the next one.',
    }),
  ),
};

const params = Type.Object(halvingFields);

export const asha = defineBuilder({
  slot: earlyStoppingSlot,
  name: 'asha',
  version: 1,
  doc: 'Asynchronous successive halving: of the trials at min_steps the best third goes on to three times as many, the best third of those to nine times as many, and so on.',
  params,
  build: ({ min_steps, reduction_factor }: Static<typeof params>): EarlyStopping => ({
    kind: 'rungs',
    rungs: (_trial, total_steps) => rungSteps(min_steps, reduction_factor, total_steps),
    promote: (reached, waiting, isSettled = false) =>
      promotion(reached, waiting, { reduction_factor, isSettled })?.trial ?? null,
  }),
});
