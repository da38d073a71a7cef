// Spec fields of the trainer `create_data`.

import { type Static, Type } from '@sinclair/typebox';
import { contents, nullable, semantic } from '../registry/fields.ts';
import { conversationFileParams } from '../supervised/dataset_params.ts';
import { modelFields } from '../training/model_fields.ts';

const { model_name, load_checkpoint_path, renderer, renderer_override } = modelFields;
const { format, columns, on_bad_row } = conversationFileParams.properties;

export const createDataParams = Type.Object({
  model_name,
  load_checkpoint_path,
  renderer,
  renderer_override,
  file_path: contents(
    Type.String({
      format: 'path',
      description:
        'What is asked: text with a question a line if its name ends in .txt, else rows of conversations, of which a reply at the end is left out.',
    }),
  ),
  format,
  columns,
  on_bad_row,
  teacher_prompt_path: contents(
    Type.String({
      format: 'path',
      description:
        'A text that tells the teacher how to answer: in place of the question if {question} stands in it, which is replaced, else as a system message.',
    }),
  ),
  answer_pattern: nullable(
    semantic(
      Type.String({
        minLength: 1,
        default: null,
        description:
          'A regular expression whose first group is the answer, where it last matches: "Final Answer: (\\\\w+)". Replies without one are left out. null = the whole reply.',
      }),
    ),
  ),
  batch_size: semantic(
    Type.Integer({ minimum: 1, default: 64, description: 'Questions that are asked at once: a step.' }),
  ),
  max_tokens: semantic(Type.Integer({ minimum: 1, default: 1000, description: 'Longest reply, in tokens.' })),
  temperature: semantic(Type.Number({ minimum: 0, default: 0.15, description: 'Of the replies; 0 = greedy.' })),
});
export type CreateDataConfig = Static<typeof createDataParams>;
