// Spec fields of what has replies judged.

import { type Static, Type } from '@sinclair/typebox';
import { builderOf, semantic } from '../../registry/fields.ts';
import { preferenceModelSlot } from '../models/preference_model.ts';

const judgeParams = Type.Object({
  name: semantic(
    Type.String({ pattern: '^[\\w.-]+$', description: 'In the names of its metrics: letters, digits, ".", "_", "-".' }),
  ),
  preference_model: semantic(builderOf(preferenceModelSlot, { description: 'Which of two replies is better.' })),
});

export const judgeFields = {
  judges: semantic(
    Type.Array(judgeParams, {
      minItems: 1,
      description: 'Who says which is better. The first is the one that others are held against.',
    }),
  ),
  both_ways: semantic(
    Type.Boolean({
      default: true,
      description: 'Judge in both orders. false: only with the reply second, in half the time.',
    }),
  ),
};

export type JudgeConfig = Static<typeof judgeParams>;
