// Spec fields of twenty questions.

import { type Static, Type } from '@sinclair/typebox';
import { contents, nullable, semantic, weights } from '../../registry/fields.ts';
import { MOST_THINGS, MOST_TRAITS } from './table.ts';

export const count = (description: string, value: number, minimum = 1) =>
  semantic(Type.Integer({ minimum, default: value, description }));

export const tableFields = {
  things: semantic(
    Type.Integer({ minimum: 2, maximum: MOST_THINGS, default: 16, description: 'Things that may be looked for.' }),
  ),
  traits: semantic(
    Type.Integer({ minimum: 1, maximum: MOST_TRAITS, default: 18, description: 'What may be asked about.' }),
  ),
  world_seed: semantic(Type.Integer({ minimum: 0, default: 0, description: 'Another one is another table.' })),
};

/** What a demonstration asks where chance does not decide: something that is not known yet, or what tells most. */
export const QUESTIONS = ['telling', 'best'] as const;

export const gameFields = {
  ...tableFields,
  max_turns: nullable(
    semantic(
      Type.Integer({
        minimum: 1,
        default: null,
        description:
          'Questions and guesses of a game; null = as many as the best player takes at most, or 20 without a table.',
      }),
    ),
  ),
  held_out: count('Things that training never looks for.', 2, 0),
};

export const answererFields = {
  file_path: nullable(
    contents(
      Type.String({
        format: 'path',
        default: null,
        description:
          'Other things, one a line, of which no table knows what is true: they need an answerer. null = those of the table.',
      }),
    ),
  ),
  answerer: nullable(
    weights({
      default: null,
      description: 'A model that answers: a run, an adapter, or a model. null = the table does.',
    }),
  ),
  answerer_max_tokens: count('Longest answer of the model, in tokens.', 5),
};

export const playFields = {
  batch_size: count('Things in a batch.', 14),
  group_size: count('Games for each thing, which are compared with one another.', 8),
  n_batches: count('Batches.', 40),
  test_group_size: count('Games for each thing that is tested.', 8),
};

const game = Type.Object({ ...gameFields, ...answererFields, ...playFields });
export type TwentyQuestionsConfig = Static<typeof game>;
const table = Type.Object(tableFields);
export type TableConfig = Static<typeof table>;
