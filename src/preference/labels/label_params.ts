// Spec fields of the dataset that teaches a model to say which of two completions is better.

import { type Static, Type } from '@sinclair/typebox';
import { builderOf, nullable, oneOf, semantic } from '../../registry/fields.ts';
import { comparisonFileParams } from '../data/comparison_params.ts';
import { preferenceModelSlot } from '../models/preference_model.ts';

export const comparisonLabelParams = Type.Object({
  ...comparisonFileParams.properties,
  batch_size: semantic(
    Type.Integer({
      minimum: 1,
      description: 'Examples in an optimizer step. The last batch of an epoch holds what is left.',
    }),
  ),
  max_length: nullable(
    semantic(
      Type.Integer({
        description:
          'Tokens of a comparison with its label; longer ones are left out. null: the length that the model takes.',
        minimum: 2,
        default: null,
      }),
    ),
  ),
  swap: semantic(
    Type.Boolean({
      default: false,
      description: 'Train on every comparison in both orders. false: in one of the two, drawn by the seed of the run.',
    }),
  ),
  ties: semantic(
    oneOf(['label', 'half'], {
      default: 'label',
      description: 'label: a tie is answered with Tie. half: with A and with B, each of half the weight.',
    }),
  ),
  true_rule: nullable(
    semantic(
      builderOf(preferenceModelSlot, {
        default: null,
        description: 'What labels ought to say, where that is known: the held-out accuracy against it is measured too.',
      }),
    ),
  ),
});
export type ComparisonLabelParams = Static<typeof comparisonLabelParams>;
