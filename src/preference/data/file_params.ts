// Spec fields that the datasets of files of preferences have in common.

import { Type } from '@sinclair/typebox';
import { contents, nullable, oneOf, runtime, semantic } from '../../registry/fields.ts';
import { ON_BAD_ROW } from '../../supervised/data/options.ts';

export const filePathField = contents(
  Type.String({
    format: 'path',
    description: 'The file: JSON Lines or a JSON array, packed with gzip or not, or Parquet.',
  }),
);

/** @param unit what a batch consists of, and what is held out */
export const preferenceFileFields = (unit: { batch: string; heldOut: string }) => ({
  batch_size: semantic(
    Type.Integer({
      minimum: 1,
      description: `${unit.batch} in an optimizer step. The last batch of an epoch holds what is left.`,
    }),
  ),
  max_length: nullable(
    semantic(
      Type.Integer({
        description:
          'Tokens that a prompt with a completion is cut to, from the right. null: the length that the model takes.',
        minimum: 2,
        default: null,
      }),
    ),
  ),
  test_size: semantic(Type.Integer({ description: `${unit.heldOut} that are held out.`, minimum: 0, default: 0 })),
  test_file_path: nullable(
    contents(Type.String({ format: 'path', description: 'A file of its own for the held-out set.', default: null })),
  ),
  shuffle_seed: nullable(
    semantic(
      Type.Integer({
        description:
          'Decides what is held out and, together with the seed of the run, the order of every epoch. null: as in the file.',
        minimum: 0,
        default: 0,
      }),
    ),
  ),
  on_bad_row: runtime(
    oneOf(ON_BAD_ROW, {
      description: 'error: stop at a row that cannot be used. skip: leave it out and count it in a warning.',
      default: 'error',
    }),
  ),
});
