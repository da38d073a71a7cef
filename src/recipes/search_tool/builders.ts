// Questions that are answered by searching, under the names that specs use: over a corpus and questions of files, or over an encyclopedia
// that is made up; and demonstrations of the latter.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { semantic } from '../../registry/fields.ts';
import { rlDatasetSlot } from '../../rl/types.ts';
import { datasetSlot } from '../../supervised/types.ts';
import { ConfigurationError, DataValidationError } from '../../util/errors.ts';
import type { EncyclopediaOptions } from './encyclopedia.ts';
import {
  askingFields,
  corpusFields,
  count,
  encyclopediaFields,
  groupFields,
  onBadRow,
  questionsFile,
  testQuestionsFile,
  toolFields,
} from './fields.ts';

const searchTool = defineBuilder({
  slot: rlDatasetSlot,
  name: 'search_tool',
  version: 1,
  doc: 'Questions that are answered by searching a corpus (tinker_cookbook/recipes/search_tool).',
  params: Type.Object({
    ...corpusFields,
    file_path: questionsFile,
    test_file_path: testQuestionsFile,
    ...toolFields,
    ...askingFields,
    ...groupFields,
    on_bad_row: onBadRow,
  }),
  async build({ corpus_path, file_path, test_file_path, on_bad_row, ...params }, context, make) {
    const [{ searchDatasets }, { readQuestions }, { corpusFile }] = await Promise.all([
      import('./dataset.ts'),
      import('./rows.ts'),
      import('../../retrieval/corpus_file.ts'),
    ]);
    const all = await readQuestions(file_path, on_bad_row, context);
    const test = test_file_path === null ? [] : await readQuestions(test_file_path, on_bad_row, context);
    const held = new Set(test.map(({ question }) => question));
    const train = all.filter(({ question }) => !held.has(question));
    if (train.length === 0)
      throw new DataValidationError(`${file_path}: no question is left to train on: ${test_file_path} holds them all`);
    const corpus = await corpusFile(corpus_path, context.notify);
    return await searchDatasets({ corpus, train, test }, params, context, make);
  },
  async check({ file_path, test_file_path, corpus_path, on_bad_row }) {
    const { checkSearchFiles } = await import('./check_files.ts');
    return await checkSearchFiles({ corpus_path, questions: { file_path, test_file_path }, on_bad_row });
  },
});

const encyclopediaSearch = defineBuilder({
  slot: rlDatasetSlot,
  name: 'encyclopedia_search',
  version: 1,
  doc: 'Questions about a land that is made up, which can only be answered by searching its encyclopedia.',
  params: Type.Object({ ...encyclopediaFields, ...toolFields, ...askingFields, ...groupFields }),
  async build(params, context, make) {
    const { searchDatasets, encyclopediaQuestions } = await import('./dataset.ts');
    return await searchDatasets(encyclopediaQuestions(checkedWorld(params)), params, context, make);
  },
});

const encyclopediaDemonstrations = defineBuilder({
  slot: datasetSlot,
  name: 'encyclopedia_demonstrations',
  version: 1,
  doc: 'Questions of encyclopedia_search, answered by somebody who often does not search to the end: a start for reinforcement learning.',
  params: Type.Object({
    ...encyclopediaFields,
    ...toolFields,
    system_prompt: askingFields.system_prompt,
    noise: semantic(
      Type.Number({
        minimum: 0,
        maximum: 1,
        default: 0.5,
        description:
          'Share of the questions that are answered too early: with what was found on the way, or with a guess.',
      }),
    ),
    without_tools: semantic(
      Type.Number({
        minimum: 0,
        maximum: 1,
        default: 0.1,
        description:
          'Share of the questions that are asked with nothing to search with, and answered as if from memory.',
      }),
    ),
    num_examples: count('Questions.', 2048),
    test_size: count('Further questions that are held out.', 64, 0),
    batch_size: count('Questions in an optimizer step.', 16),
  }),
  async build(params, context, make) {
    const { demonstrationDatasets } = await import('../demonstrations.ts');
    const { findAll, demonstrator } = await import('./demonstrations.ts');
    const { encyclopediaQuestions } = await import('./dataset.ts');
    const { renderer } = context;
    if (renderer === null) throw new ConfigurationError('conversations need a renderer with tools: set renderer');
    const { corpus, train } = encyclopediaQuestions(checkedWorld(params));
    const retriever = await make(params.retriever, { corpus, notify: context.notify, signal: context.signal });
    const found = await findAll({ train }, retriever, params.n_results);
    return demonstrationDatasets(
      params,
      context,
      demonstrator({ ...params, questions: train, found, renderer }),
      'none',
    );
  },
});

export const searchBuilders = [searchTool, encyclopediaSearch, encyclopediaDemonstrations];

/** @throws ConfigurationError where nothing is left to ask about in training */
function checkedWorld<Options extends EncyclopediaOptions>(options: Options): Options {
  if (options.held_out < options.villages) return options;
  throw new ConfigurationError(
    `held_out ${options.held_out} leaves none of the ${options.villages} villages to train on`,
  );
}
