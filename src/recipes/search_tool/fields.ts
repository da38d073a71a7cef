// Spec fields of questions that are answered by searching.

import { type Static, Type } from '@sinclair/typebox';
import { builderOf, contents, nullable, oneOf, runtime, semantic } from '../../registry/fields.ts';
import { retrieverSlot } from '../../retrieval/types.ts';
import { ON_BAD_ROW } from '../../supervised/data/options.ts';
import { MOST_VILLAGES } from './encyclopedia.ts';

export const count = (description: string, value: number, minimum = 1) =>
  semantic(Type.Integer({ minimum, default: value, description }));

const SYSTEM_PROMPT = `Answer the question. Think about what has to be looked up, call the tool "search" as often as it takes, and then give your answer in one to five words, with no explanation, behind "Answer:".

For example, to the question "In which country does the river lie that flows through the birthplace of Mozart?" you would search for the birthplace of Mozart, then for the river of that town, then for where the river lies, and say:
Answer: Austria`;

export const toolFields = {
  retriever: semantic(
    builderOf(retrieverSlot, { default: { builder: 'bm25' }, description: 'Who finds what a query asks for.' }),
  ),
  n_results: count('Passages that a query is answered with.', 3),
};

export const askingFields = {
  system_prompt: nullable(
    semantic(
      Type.String({
        default: SYSTEM_PROMPT,
        description: 'In front of every question: how to answer. null = nothing.',
      }),
    ),
  ),
  max_turns: count('Replies of an episode, those that call the tool included.', 5),
};

export const tools = semantic(
  Type.Boolean({
    default: true,
    description: 'false: there is nothing to search with. A control: what the model knows already.',
  }),
);

export const groupFields = {
  batch_size: count('Questions in a batch.', 8),
  group_size: count('Tries at each question, which are compared with one another.', 8),
  test_group_size: count('Tries at each question of the test.', 1),
  format_coef: semantic(
    Type.Number({ minimum: 0, default: 0.1, description: 'What an answer costs that is not in form.' }),
  ),
};

/** The land that the questions are about. */
export const encyclopediaFields = {
  villages: semantic(
    Type.Integer({
      minimum: 1,
      maximum: MOST_VILLAGES,
      default: 120,
      description: 'Villages, with two people in each.',
    }),
  ),
  held_out: count('Villages about which, and about whose people, training asks nothing.', 20, 0),
  world_seed: semantic(Type.Integer({ minimum: 0, default: 0, description: 'Another one is another encyclopedia.' })),
};

const path = (description: string) => contents(Type.String({ format: 'path', description }));

export const corpusFields = {
  corpus_path: path(
    'The passages: {"id", "title", "text"} a row, or {"id", "contents"}, in JSON Lines or Parquet. An index of it is made once and kept.',
  ),
};

export const questionsFile = path(
  'Questions with their answers, as NQ, HotpotQA and others are published: "question", and "golden_answers", "answer" or "reward_model".',
);
export const testQuestionsFile = nullable(
  contents(
    Type.String({ format: 'path', default: null, description: 'Questions that are held out, in the same form.' }),
  ),
);
export const onBadRow = runtime(
  oneOf(ON_BAD_ROW, {
    default: 'error',
    description: 'error: stop at a question that cannot be used. skip: leave it out and count it in a warning.',
  }),
);

const asking = Type.Object({ ...toolFields, ...askingFields });
export type AskingParams = Static<typeof asking>;
const group = Type.Object(groupFields);
export type GroupParams = Static<typeof group>;
