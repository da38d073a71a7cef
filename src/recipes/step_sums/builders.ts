// Sums in steps under the names that specs use: worked ones to learn from, and those that are held out as a benchmark.

import { Type } from '@sinclair/typebox';
import { benchmarkSlot } from '../../evaluation/types.ts';
import { defineBuilder } from '../../registry/builder.ts';
import { semantic } from '../../registry/fields.ts';
import { datasetSlot } from '../../supervised/types.ts';

const whole = (description: string, value: number, minimum = 1) =>
  semantic(Type.Integer({ minimum, default: value, description }));
const share = (description: string, value: number) =>
  semantic(Type.Number({ minimum: 0, maximum: 1, default: value, description }));

const max_operand = semantic(
  Type.Integer({ minimum: 1, maximum: 99, default: 12, description: 'Largest of the three numbers.' }),
);

/** Sums that the benchmark asks and demonstrations never show. */
const HELD_OUT = 200;

const demonstrations = defineBuilder({
  slot: datasetSlot,
  name: 'step_sums_demonstrations',
  version: 1,
  doc: 'Sums of three numbers, worked out in steps, with steps between that have nothing to do with them.',
  params: Type.Object({
    max_operand,
    filler: share('Share of the places around the steps that hold one with nothing to do with them.', 0.5),
    early_exit: share('Share of the sums that break off behind a step and say the answer early.', 0.1),
    num_examples: whole('Worked sums.', 2048),
    test_size: whole('Further ones that are held out.', 64, 0),
    batch_size: whole('Worked sums in an optimizer step.', 16),
  }),
  async build(config, context) {
    const { demonstrationDatasets } = await import('../demonstrations.ts');
    const { stepSums, workedSum } = await import('./step_sums.ts');
    const { nextBelow } = await import('../../util/random.ts');
    const sums = stepSums(config.max_operand);
    const held = Math.min(HELD_OUT, sums.length - 1);
    return demonstrationDatasets(config, context, (random) =>
      workedSum(sums.at(held + nextBelow(random, sums.length - held)), config, random),
    );
  },
});

const benchmark = defineBuilder({
  slot: benchmarkSlot,
  name: 'step_sums',
  version: 1,
  doc: 'Sums of three numbers: "What is 7 + 4 + 9?". The last number of the answer counts.',
  params: Type.Object({
    num_examples: semantic(
      Type.Integer({
        minimum: 1,
        maximum: HELD_OUT,
        default: HELD_OUT,
        description: 'Sums, from the first that demonstrations never show.',
      }),
    ),
    max_operand,
  }),
  async build({ num_examples, max_operand }, { renderer }) {
    const { problemBenchmark } = await import('../../evaluation/problem_benchmark.ts');
    const { extractLastInteger } = await import('../math/extract.ts');
    const { answerOf, question, stepSums } = await import('./step_sums.ts');
    const sums = stepSums(max_operand);
    const problems = Array.from({ length: Math.min(num_examples, sums.length - 1) }, (_, index) => {
      const sum = sums.at(index);
      return {
        question: question(sum),
        reference_answer: String(answerOf(sum)),
        checkAnswer: (reply: string) => extractLastInteger(reply) === answerOf(sum),
        extractAnswer: (reply: string) => extractLastInteger(reply)?.toString() ?? null,
      };
    });
    return problemBenchmark(problems, { name: 'step_sums', grader: 'step_sums 1: the last number', renderer });
  },
});

export const stepSumsBuilders = [demonstrations, benchmark];
