// Spec fields that name a split of a data set of the hub, as load_dataset of Hugging Face datasets has them.

import { Type } from '@sinclair/typebox';
import { nullable, revisionOf, semantic } from '../registry/fields.ts';

export const hubSplitFields = {
  path: semantic(
    Type.String({
      pattern: '^\\w[\\w.-]*/[\\w.-]+$',
      examples: ['openai/gsm8k'],
      description: 'The data set on the hub, as ORG/NAME.',
    }),
  ),
  name: nullable(
    semantic(
      Type.String({
        minLength: 1,
        default: null,
        description: 'Its configuration, or subset; null = the default, or the only one.',
      }),
    ),
  ),
  split: semantic(Type.String({ minLength: 1, default: 'train', description: 'The split that is trained on.' })),
  revision: revisionOf('path', {
    default: 'main',
    description: 'A branch, a tag or a commit. A run is known by the commit that it led to when the run began.',
  }),
};

export const testSplitField = nullable(
  semantic(Type.String({ minLength: 1, default: null, description: 'The split that the held-out rows are of.' })),
);
