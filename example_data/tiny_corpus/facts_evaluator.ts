// Evaluator `facts`: how many of the example facts a model knows, whatever it says besides.

import {
  defineBuilder,
  type Evaluator,
  evaluatorSlot,
  nullable,
  rendererOf,
  sampleReplies,
  semantic,
  Type,
} from 'tinker-cookbook';
import { mentions } from './grading.ts';
import { called, factQuestions } from './possessions.ts';

export const factsEvaluator = defineBuilder({
  slot: evaluatorSlot,
  name: 'facts',
  version: 1,
  doc: 'Share of the example facts (who has what) that the model tells, asked in wordings that no example has.',
  params: Type.Object({
    name: semantic(Type.String({ default: 'facts', description: 'Prefix of the metric.' })),
    teacher_template: nullable(
      semantic(
        Type.String({
          default: null,
          description: 'Asks as a teacher is asked who sees a demonstration: {question} and {demonstration}.',
        }),
      ),
    ),
  }),
  async build({ name, teacher_template: template }, context): Promise<Evaluator> {
    const renderer = rendererOf(context, 'facts');
    const questions = factQuestions();
    return {
      async evaluate({ sampling }) {
        const conversations = questions.map(({ question, possession }) => {
          const shown = (template ?? '{question}')
            .replace('{question}', () => question)
            .replace('{demonstration}', () => called(possession));
          return [{ role: 'user', content: shown }];
        });
        const options = { max_tokens: 32, temperature: 0, seed: context.seed };
        const replies = await sampleReplies(await sampling(), renderer, conversations, options);
        const right = replies.filter((reply, i) => mentions([questions[i].possession.thing])(reply));
        return { [`${name}/accuracy`]: right.length / replies.length };
      },
    };
  },
  headline: ({ name }) => [{ metric: `${name}/accuracy`, goal: 'maximize', label: `${name}/accuracy` }],
});
