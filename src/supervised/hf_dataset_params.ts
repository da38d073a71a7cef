// Spec fields of the dataset that is named as on the hub.

import { type Static, Type } from '@sinclair/typebox';
import { nullable, revisionOf, semantic } from '../registry/fields.ts';
import { conversationFileParams } from './dataset_params.ts';

const {
  file_path: _,
  test_file_path: __,
  batch_size: ___,
  batch_tokens: ____,
  streaming: _____,
  ...ofRows
} = conversationFileParams.properties;

export const hfDatasetParams = Type.Object({
  path: semantic(
    Type.String({ pattern: '^\\w[\\w.-]*/[\\w.-]+$', description: 'The data set on the hub, as ORG/NAME.' }),
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
  test_split: nullable(
    semantic(Type.String({ minLength: 1, default: null, description: 'The split that the held-out rows are of.' })),
  ),
  batch_size: semantic(
    Type.Integer({
      minimum: 1,
      description: 'Examples in an optimizer step. The last batch of an epoch holds what is left.',
    }),
  ),
  ...ofRows,
  test_size: semantic(
    Type.Integer({
      minimum: 0,
      default: 0,
      description: 'Rows that are held out; of a test_split, so many of its rows, and 0 = all of them.',
    }),
  ),
});
export type HfDatasetParams = Static<typeof hfDatasetParams>;
