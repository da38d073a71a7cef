// Spec fields of the dataset of comparisons.

import { type Static, Type } from '@sinclair/typebox';
import { oneOf, semantic } from '../registry/fields.ts';
import { columnsField } from '../supervised/dataset_params.ts';
import { filePathField, preferenceFileFields } from './file_params.ts';
import { COMPARISON_COLUMNS, COMPARISON_FORMATS } from './rows.ts';

export const comparisonFileParams = Type.Object({
  file_path: filePathField,
  format: semantic(
    oneOf(COMPARISON_FORMATS, {
      description: 'What the rows are. auto: as the first row shows, for all rows of the file.',
      default: 'auto',
    }),
  ),
  columns: columnsField(COMPARISON_COLUMNS, '{prompt: question, chosen: better, rejected: worse}'),
  ...preferenceFileFields({ batch: 'Pairs', heldOut: 'Rows' }),
});
export type ComparisonFileParams = Static<typeof comparisonFileParams>;
