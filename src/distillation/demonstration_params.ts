// Spec fields of the dataset of demonstrations.

import { type Static, Type } from '@sinclair/typebox';
import { semantic } from '../registry/fields.ts';
import { conversationFileParams } from '../supervised/dataset_params.ts';

const { file_path, format, columns, test_size, test_file_path, shuffle_seed, on_bad_row } =
  conversationFileParams.properties;

export const demonstrationFileParams = Type.Object({
  file_path,
  format,
  columns,
  batch_size: semantic(
    Type.Integer({
      description: 'Demonstrations in an optimizer step. The last batch of an epoch holds what is left.',
      minimum: 1,
    }),
  ),
  test_size,
  test_file_path,
  shuffle_seed,
  on_bad_row,
});
export type DemonstrationFileParams = Static<typeof demonstrationFileParams>;
