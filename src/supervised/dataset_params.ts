// Spec fields of the datasets.

import { type Static, Type } from '@sinclair/typebox';
import { builderOf, contents, nullable, oneOf, runtime, semantic } from '../registry/fields.ts';
import { TRAIN_ON_WHAT } from '../renderers/types.ts';
import { REDUCTIONS } from './common.ts';
import { COLUMN_NAMES, DATA_FORMATS, ON_BAD_ROW, ROLES, TRAIN_ON_EOS } from './data/options.ts';
import { datasetSlot } from './types.ts';

const batchSize = semantic(
  Type.Integer({
    description: 'Examples in an optimizer step. The last batch of an epoch holds what is left.',
    minimum: 1,
  }),
);
const shuffleSeed = nullable(
  semantic(
    Type.Integer({
      description:
        'Decides what is held out and, together with the seed of the run, the order of every epoch. null: as in the file.',
      minimum: 0,
      default: 0,
    }),
  ),
);
const reduction = semantic(
  oneOf(REDUCTIONS, {
    description: 'mean: the weights of an example sum to 1. none: every trained token weighs 1.',
    default: 'mean',
  }),
);

/** The field that says which column of a file holds what the formats call by each of the names. */
export function columnsField(names: readonly string[], example: string) {
  const columns = names.map((name) => [
    name,
    nullable(Type.String({ description: `The column that holds what is called ${name} here.`, default: null })),
  ]);
  return nullable(
    semantic(
      Type.Object(Object.fromEntries(columns), {
        description: `Columns that go by another name in the file: ${example}.`,
        default: null,
      }),
    ),
  );
}

export const conversationFileParams = Type.Object({
  file_path: contents(
    Type.String({
      format: 'path',
      description: 'The file: JSON Lines or a JSON array, packed with gzip or not, or Parquet.',
    }),
  ),
  format: semantic(
    oneOf(DATA_FORMATS, {
      description: 'What the rows are. auto: as the first row shows, for all rows of the file.',
      default: 'auto',
    }),
  ),
  columns: columnsField(COLUMN_NAMES, '{prompt: question, completion: answer}'),
  batch_size: nullable(
    semantic(
      Type.Integer({
        description:
          'Examples in an optimizer step. The last batch of an epoch holds what is left. null: as batch_tokens says.',
        minimum: 1,
        default: null,
      }),
    ),
  ),
  batch_tokens: nullable(
    semantic(
      Type.Integer({
        description:
          'In the place of batch_size: the most tokens in an optimizer step. Steps have as nearly the same number as can be.',
        minimum: 2,
        default: null,
      }),
    ),
  ),
  streaming: runtime(
    Type.Boolean({
      description: 'Leave the rows on the disk and read each when it is needed. Plain JSON Lines only.',
      default: false,
    }),
  ),
  max_length: nullable(
    semantic(
      Type.Integer({
        description: 'Tokens a conversation is cut to, from the right. null: the length that the model takes.',
        minimum: 2,
        default: null,
      }),
    ),
  ),
  train_on_what: semantic(
    oneOf(TRAIN_ON_WHAT, { description: 'Which messages carry loss.', default: 'all_assistant_messages' }),
  ),
  roles_to_train: nullable(
    semantic(
      Type.Array(oneOf(ROLES), {
        description: 'Roles whose messages carry loss, in the place of train_on_what.',
        minItems: 1,
        uniqueItems: true,
        default: null,
      }),
    ),
  ),
  completion_only_loss: semantic(
    Type.Boolean({
      description: 'Of a prompt and a completion, train nothing in the prompt, replies in it included.',
      default: false,
    }),
  ),
  message_field_training: nullable(
    semantic(
      Type.String({
        description:
          'The field of a message, true or false, 1 or 0, that says whether it carries loss; one without it goes by the other options.',
        minLength: 1,
        default: null,
      }),
    ),
  ),
  train_on_eos: semantic(
    oneOf(TRAIN_ON_EOS, {
      description:
        'Which of the tokens that end messages carry loss. turn: those of messages that do. all, none, or last: the very last one alone.',
      default: 'turn',
    }),
  ),
  test_size: semantic(Type.Integer({ description: 'Rows that are held out.', minimum: 0, default: 0 })),
  test_file_path: nullable(
    contents(Type.String({ format: 'path', description: 'A file of its own for the held-out set.', default: null })),
  ),
  shuffle_seed: shuffleSeed,
  reduction,
  on_bad_row: runtime(
    oneOf(ON_BAD_ROW, {
      description: 'error: stop at a row that cannot be used. skip: leave it out and count it in a warning.',
      default: 'error',
    }),
  ),
});
export type ConversationFileParams = Static<typeof conversationFileParams>;

export const interleaveParams = Type.Object({
  datasets: semantic(
    Type.Array(builderOf(datasetSlot), {
      description: 'The datasets, all of one batch_size, which is that of the mixture.',
      minItems: 2,
    }),
  ),
  names: nullable(
    semantic(
      Type.Array(Type.String({ minLength: 1 }), {
        description: 'What the metrics call them. null: by their files.',
        default: null,
      }),
    ),
  ),
  probabilities: nullable(
    semantic(
      Type.Array(Type.Number({ exclusiveMinimum: 0 }), {
        description: 'How often each of them is drawn, in proportion. null: by turns.',
        default: null,
      }),
    ),
  ),
  stopping_strategy: semantic(
    oneOf(['first_exhausted', 'all_exhausted'], {
      description:
        'When an epoch ends. first_exhausted: with the first dataset that is used up. all_exhausted: with the last; others begin again.',
      default: 'first_exhausted',
    }),
  ),
  shuffle_seed: semantic(
    Type.Integer({ description: 'With the seed of the run, what is drawn.', minimum: 0, default: 0 }),
  ),
});
export type InterleaveParams = Static<typeof interleaveParams>;

export const textFileParams = Type.Object({
  file_path: contents(
    Type.String({
      format: 'path',
      description:
        'The file: JSON Lines if its name ends in .jsonl or .jsonl.gz, Parquet, anything else for plain text.',
    }),
  ),
  batch_size: batchSize,
  max_length: nullable(
    semantic(
      Type.Integer({
        description: 'Tokens in a block. null: the length that the model takes.',
        minimum: 1,
        default: null,
      }),
    ),
  ),
  test_fraction: semantic(
    Type.Number({
      description: 'Share of the documents that is held out.',
      minimum: 0,
      exclusiveMaximum: 1,
      default: 0,
    }),
  ),
  special_tokens: semantic(
    Type.Boolean({
      description:
        'Read special tokens that are spelled out in the text as tokens, for files with chat markup in them.',
      default: false,
    }),
  ),
  shuffle_seed: shuffleSeed,
  reduction,
});
export type TextFileParams = Static<typeof textFileParams>;
