// Spec fields of what reads comparisons.

import { type Static, Type } from '@sinclair/typebox';
import { contents, FIELD_OTHER_NAMES, nullable, oneOf, semantic } from '../../registry/fields.ts';
import { DATA_FORMATS } from '../../supervised/data/options.ts';
import { columnsField } from '../../supervised/dataset_params.ts';
import { hubSplitFields, testSplitField } from '../../supervised/hub_split_fields.ts';
import { filePathField, preferenceFileFields } from './file_params.ts';
import { COMPARISON_COLUMNS, COMPARISON_FORMATS } from './rows.ts';

/** The data sets that formats are of, and what other tools call them. */
const OTHER_FORMAT_NAMES = {
  'hh-rlhf': 'transcripts',
  hh_rlhf: 'transcripts',
  hh: 'transcripts',
  trl: 'chosen_rejected',
  preference: 'chosen_rejected',
  ultrafeedback_binarized: 'chosen_rejected',
  tulu3: 'chosen_rejected',
  lmsys: 'arena',
};

export const comparisonFileParams = Type.Object({
  file_path: filePathField,
  format: semantic(
    oneOf(COMPARISON_FORMATS, {
      description: 'What the rows are. auto: as the first row shows, for all rows of the file.',
      default: 'auto',
      [FIELD_OTHER_NAMES]: OTHER_FORMAT_NAMES,
    }),
  ),
  columns: columnsField(COMPARISON_COLUMNS, '{prompt: question, chosen: better, rejected: worse}'),
  ...preferenceFileFields({ batch: 'Pairs', heldOut: 'Rows' }),
});
export type ComparisonFileParams = Static<typeof comparisonFileParams>;

const { file_path: _, test_file_path: __, ...ofRows } = comparisonFileParams.properties;

export const hubComparisonParams = Type.Object({ ...hubSplitFields, test_split: testSplitField, ...ofRows });

export const comparisonCompletionParams = Type.Object({
  ...comparisonFileParams.properties,
  batch_size: semantic(
    Type.Integer({
      minimum: 1,
      description: 'Completions in an optimizer step. The last batch of an epoch holds what is left.',
    }),
  ),
  max_length: nullable(
    semantic(
      Type.Integer({
        description:
          'Tokens of a prompt with a completion; longer ones are left out. null: the length that the model takes.',
        minimum: 2,
        default: null,
      }),
    ),
  ),
  completions: semantic(
    oneOf(['both', 'chosen', 'rejected'], { default: 'both', description: 'Which completions are imitated.' }),
  ),
});
export type ComparisonCompletionParams = Static<typeof comparisonCompletionParams>;

/** Conversations of any format, or comparisons of any: what prompts are read from. */
export const PROMPT_FORMATS = [...DATA_FORMATS, 'comparisons'] as const;

const { format, columns, on_bad_row } = comparisonFileParams.properties;

/** Of what reads the comparisons that replies are held against. */
export const heldOutFields = {
  file_path: contents(Type.String({ format: 'path', description: 'Comparisons: docs/preferences.md.' })),
  format,
  columns,
  on_bad_row,
  test_size: nullable(
    semantic(
      Type.Integer({
        minimum: 1,
        default: null,
        description:
          'So many prompts, those that pairwise_preference of this file and this test_size holds out; null = all.',
      }),
    ),
  ),
  against: semantic(
    oneOf(['chosen', 'rejected'], {
      default: 'chosen',
      description: 'Which completion of a row replies are held against; of a tie the first.',
    }),
  ),
};
const heldOutParams = Type.Object(heldOutFields);
export type HeldOutParams = Static<typeof heldOutParams>;
