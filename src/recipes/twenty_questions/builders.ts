// Twenty questions under the names that specs use: the environment, games to learn its form from, and answers for the answerer.

import { Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { oneOf, semantic } from '../../registry/fields.ts';
import { rlDatasetSlot } from '../../rl/types.ts';
import { datasetSlot } from '../../supervised/types.ts';
import { answererFields, count, gameFields, playFields, QUESTIONS, tableFields } from './fields.ts';

const twentyQuestions = defineBuilder({
  slot: rlDatasetSlot,
  name: 'twenty_questions',
  version: 1,
  doc: 'Find a hidden thing by questions that are answered with yes or no, by a table or by a model.',
  params: Type.Object({ ...gameFields, ...answererFields, ...playFields }),
  async build(config, context, make) {
    const { twentyQuestionsDatasets } = await import('./dataset.ts');
    return await twentyQuestionsDatasets(config, context, make);
  },
});

const demonstrationFields = (examples: number) => ({
  num_examples: count('Examples.', examples),
  test_size: count('Further examples that are held out.', 64, 0),
  batch_size: count('Examples in an optimizer step.', 16),
});

const twentyQuestionsDemonstrations = defineBuilder({
  slot: datasetSlot,
  name: 'twenty_questions_demonstrations',
  version: 1,
  doc: 'Games of twenty_questions by someone who knows the things and asks by chance or well: a start for reinforcement learning.',
  params: Type.Object({
    ...gameFields,
    noise: semantic(
      Type.Number({
        minimum: 0,
        maximum: 1,
        default: 0.5,
        description: 'Share of the questions that are any.',
      }),
    ),
    questions: semantic(
      oneOf(QUESTIONS, {
        default: 'telling',
        description: 'What the others are. telling: any whose answer is not known yet. best: the one that tells most.',
      }),
    ),
    ...demonstrationFields(2048),
  }),
  async build(config, context) {
    const { demonstrationDatasets } = await import('../demonstrations.ts');
    const { gameByChance } = await import('./demonstrations.ts');
    const { requireTable, splitThings } = await import('./dataset.ts');
    const { turnsOfBestPlay } = await import('./information.ts');
    const table = requireTable(config);
    const { seen: things } = splitThings(table.things.length, config.held_out);
    const max_turns = config.max_turns ?? turnsOfBestPlay(table);
    const options = { table, things, max_turns, noise: config.noise, questions: config.questions };
    return demonstrationDatasets(config, context, (random) => gameByChance(options, random), 'none');
  },
});

const twentyQuestionsAnswers = defineBuilder({
  slot: datasetSlot,
  name: 'twenty_questions_answers',
  version: 1,
  doc: 'Questions about the things of twenty_questions with their true answers: what a model learns that is to answer.',
  params: Type.Object({ ...tableFields, ...demonstrationFields(2048) }),
  async build(config, context) {
    const { demonstrationDatasets } = await import('../demonstrations.ts');
    const { answeredQuestion } = await import('./demonstrations.ts');
    const { requireTable } = await import('./dataset.ts');
    const table = requireTable(config);
    return demonstrationDatasets(config, context, (random) => answeredQuestion(table, random));
  },
});

export const twentyQuestionsBuilders = [twentyQuestions, twentyQuestionsDemonstrations, twentyQuestionsAnswers];
