// Evaluator `instructions`: the share of simple instructions that a model follows, judged by programs, on held-out wordings.

import {
  defineBuilder,
  type Evaluator,
  evaluatorSlot,
  rendererOf,
  sampleReplies,
  semantic,
  Type,
} from 'tinker-cookbook';

export const instructionsEvaluator = defineBuilder({
  slot: evaluatorSlot,
  name: 'instructions',
  version: 1,
  doc: 'Share of simple instructions (repeat, spell, list, count, read, recall, tell a story) that the model follows, over all and by kind. Asks only what the tiny corpus holds out.',
  params: Type.Object({
    name: semantic(Type.String({ default: 'instructions', description: 'Prefix of the metrics.' })),
    num_examples: semantic(
      Type.Integer({ default: 290, minimum: 1, description: 'Instructions to give, the kinds taking turns.' }),
    ),
    max_tokens: semantic(
      Type.Integer({ default: 128, minimum: 1, description: 'Longest reply; a story takes about 100 tokens.' }),
    ),
    temperature: semantic(Type.Number({ default: 0, minimum: 0, description: 'Of sampling; 0 is greedy.' })),
    by_kind: semantic(
      Type.Boolean({ default: false, description: 'Also report every kind of instruction by itself.' }),
    ),
    example_seed: semantic(
      Type.Integer({
        default: 0,
        description: 'Which instructions are drawn; apart from the seed of the run, so that runs compare.',
      }),
    ),
  }),
  async build({ name, num_examples, max_tokens, temperature, by_kind, example_seed }, context): Promise<Evaluator> {
    const { drawExamples, messagesOf, scoreExamples } = await import('./instruction_examples.ts');
    const renderer = rendererOf(context, 'instructions');
    const examples = drawExamples(num_examples, example_seed);
    return {
      async evaluate({ sampling }) {
        const conversations = examples.map(({ task }) => messagesOf(task));
        const options = { max_tokens, temperature, seed: context.seed };
        const replies = await sampleReplies(await sampling(), renderer, conversations, options);
        return scoreExamples(name, examples, replies, by_kind);
      },
    };
  },
  headline: ({ name }) => [{ metric: `${name}/accuracy`, goal: 'maximize', label: `${name}/accuracy` }],
});
