// Sums as a benchmark: those that the environment of this name holds out first.

import { Type } from '@sinclair/typebox';
import { benchmarkSlot } from '../../evaluation/types.ts';
import { defineBuilder } from '../../registry/builder.ts';
import { nullable, semantic } from '../../registry/fields.ts';
import { sumFields } from './sum_fields.ts';

export const arithmeticBenchmark = defineBuilder({
  slot: benchmarkSlot,
  name: 'arithmetic',
  version: 1,
  doc: 'Sums of two numbers: "What is 17 + 25?". The last number of the answer counts.',
  params: Type.Object({
    num_examples: semantic(
      Type.Integer({
        minimum: 1,
        default: 200,
        description: 'Sums, from the first that the environment arithmetic of this max_operand holds out.',
      }),
    ),
    ...sumFields,
    system_prompt: nullable(
      semantic(Type.String({ default: null, description: 'In front of every question; null = none.' })),
    ),
  }),
  async build({ num_examples, system_prompt, ...options }, { renderer }) {
    const { problemBenchmark } = await import('../../evaluation/problem_benchmark.ts');
    const { pairsOf, sumOf, sumPrefix } = await import('./sums.ts');
    const problems = pairsOf(options)
      .slice(0, num_examples)
      .map((pair) => sumOf(pair, options));
    return problemBenchmark(problems, {
      name: 'arithmetic',
      grader: 'arithmetic 1: the last number',
      renderer,
      systemPrompt: system_prompt,
      convoPrefix: sumPrefix(options),
    });
  },
});
