// Spec fields of the datasets of completions that were judged, or rated, one by one.

import { type Static, Type } from '@sinclair/typebox';
import { columnsField } from '../../supervised/dataset_params.ts';
import { filePathField, preferenceFileFields } from './file_params.ts';
import { RATED_COLUMNS, UNPAIRED_COLUMNS } from './unpaired_rows.ts';

export const unpairedFileParams = Type.Object({
  file_path: filePathField,
  columns: columnsField(UNPAIRED_COLUMNS, '{prompt: question, completion: answer, label: liked}'),
  ...preferenceFileFields({ batch: 'Completions', heldOut: 'Rows' }),
});
export type UnpairedFileParams = Static<typeof unpairedFileParams>;

export const ratedFileParams = Type.Object({
  file_path: filePathField,
  columns: columnsField(RATED_COLUMNS, '{response: answer, helpfulness: score}'),
  ...preferenceFileFields({ batch: 'Pairs', heldOut: 'Prompts' }),
});
export type RatedFileParams = Static<typeof ratedFileParams>;
