// Spec fields of the dataset that is named as on the hub.

import { type Static, Type } from '@sinclair/typebox';
import { semantic } from '../registry/fields.ts';
import { conversationFileParams } from './dataset_params.ts';
import { hubSplitFields, testSplitField } from './hub_split_fields.ts';

const {
  file_path: _,
  test_file_path: __,
  batch_size: ___,
  batch_tokens: ____,
  streaming: _____,
  ...ofRows
} = conversationFileParams.properties;

export const hfDatasetParams = Type.Object({
  ...hubSplitFields,
  test_split: testSplitField,
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
