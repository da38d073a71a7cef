// GSM8K (arXiv 2110.14168) under the name that specs use: word problems with worked answers, for supervised fine-tuning.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { contents, FIELD_SOURCE, nullable, semantic } from '../../registry/fields.ts';
import type { ConversationReader } from '../../supervised/data/formats.ts';
import type { ConversationRow } from '../../supervised/data/messages.ts';
import { datasetSlot } from '../../supervised/types.ts';
import { DataValidationError } from '../../util/errors.ts';
import type { JsonObject } from '../../util/json.ts';

const GSM8K_FILE = {
  format: 'path',
  [FIELD_SOURCE]: 'https://github.com/openai/grade-school-math (grade_school_math/data)',
};

export const gsm8kDataset = defineBuilder({
  slot: datasetSlot,
  name: 'gsm8k',
  version: 1,
  doc: 'GSM8K as conversations: the question is asked, the worked answer with its "#### 42" is learned.',
  params: Type.Object({
    file_path: contents(
      Type.String({ ...GSM8K_FILE, description: 'train.jsonl of GSM8K, one {"question", "answer"} a line.' }),
    ),
    test_file_path: nullable(
      contents(Type.String({ ...GSM8K_FILE, default: null, description: 'test.jsonl of GSM8K, which is held out.' })),
    ),
    num_test_examples: nullable(
      semantic(
        Type.Integer({ minimum: 1, default: null, description: 'Rows of the test file to measure; null = all.' }),
      ),
    ),
    batch_size: semantic(Type.Integer({ minimum: 1, description: 'Problems in an optimizer step.' })),
    max_length: nullable(
      semantic(
        Type.Integer({
          minimum: 2,
          default: null,
          description: 'Tokens a conversation is cut to. null: the length that the model takes.',
        }),
      ),
    ),
    shuffle_seed: nullable(
      semantic(
        Type.Integer({
          minimum: 0,
          default: 0,
          description: 'With the seed of the run, the order of every epoch. null: as in the file.',
        }),
      ),
    ),
  }),
  async build(params, context) {
    const { conversationFileDatasets } = await import('../../supervised/conversation_file.ts');
    return conversationFileDatasets(
      {
        ...params,
        format: 'auto',
        columns: null,
        test_size: 0,
        train_on_what: 'all_assistant_messages',
        on_bad_row: 'error',
        reduction: 'mean',
      },
      context,
      problemReader,
    );
  },
  async check(params, { renderer }) {
    const { checkConversations } = await import('../../supervised/check_rows.ts');
    return await checkConversations(params, renderer, problemReader);
  },
});

const problemReader = (): ConversationReader => ({ read: parseProblem, notices: () => [], format: () => null });

/** Reads `{"question": …, "answer": …}`. Throws a DataValidationError that names the field. */
function parseProblem({ question, answer }: JsonObject): ConversationRow {
  for (const [name, value] of Object.entries({ question, answer })) {
    if (typeof value !== 'string' || value.trim() === '') throw new DataValidationError(`${name}: must be a text`);
  }
  return {
    messages: [
      { role: 'user', content: String(question) },
      { role: 'assistant', content: String(answer) },
    ],
    ignored: [],
  };
}
