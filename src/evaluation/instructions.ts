// Evaluator `instructions`: the share of simple instructions that a model follows, judged by programs, on held-out wordings.

import { Type } from '@sinclair/typebox';
import { Random } from '../recipes/tiny_corpus/random.ts';
import type { Task } from '../recipes/tiny_corpus/task.ts';
import { drawTask, TASK_KINDS } from '../recipes/tiny_corpus/tasks.ts';
import { defineBuilder } from '../registry/builder.ts';
import { semantic } from '../registry/fields.ts';
import type { Message } from '../renderers/types.ts';
import type { Metrics } from '../training/types.ts';
import { rendererOf, sampleReplies } from './sample_replies.ts';
import { type Evaluator, evaluatorSlot } from './types.ts';

interface Example {
  kind: string;
  task: Task;
}

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
  build({ name, num_examples, max_tokens, temperature, by_kind, example_seed }, context): Evaluator {
    const renderer = rendererOf(context, 'instructions');
    const examples = drawExamples(num_examples, example_seed);
    return {
      kind: 'sampling',
      async evaluate(client) {
        const conversations = examples.map(({ task }) => messagesOf(task));
        const options = { max_tokens, temperature, seed: context.seed };
        const replies = await sampleReplies(client, renderer, conversations, options);
        return scoreExamples(name, examples, replies, by_kind);
      },
    };
  },
});

function drawExamples(count: number, seed: number): Example[] {
  const random = new Random(seed);
  const kinds = [...TASK_KINDS.keys()];
  return Array.from({ length: count }, (_, i) => {
    const kind = kinds[i % kinds.length];
    return { kind, task: drawTask(random, kind, 'evaluation') };
  });
}

function messagesOf({ system, prompt }: Task): Message[] {
  const question = { role: 'user', content: prompt };
  return system === undefined ? [question] : [{ role: 'system', content: system }, question];
}

function scoreExamples(
  name: string,
  examples: readonly Example[],
  replies: readonly string[],
  byKind: boolean,
): Metrics {
  const graded = examples.map(({ kind, task }, i) => ({ kind, right: task.accepts(replies[i]) }));
  const share = (group: typeof graded): number => group.filter(({ right }) => right).length / group.length;
  const kinds = byKind ? [...new Set(graded.map(({ kind }) => kind))] : [];
  return {
    [`${name}/accuracy`]: share(graded),
    ...Object.fromEntries(
      kinds.map((kind) => [`${name}/accuracy_${kind}`, share(graded.filter((example) => example.kind === kind))]),
    ),
  };
}
