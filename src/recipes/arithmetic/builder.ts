// Sums as an environment (tinker_cookbook/recipes/math_rl, `arithmetic`), with some pairs of numbers held out.

import { type Static, Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { semantic } from '../../registry/fields.ts';
import { type RLDatasetContext, type RLDatasets, rlDatasetSlot } from '../../rl/types.ts';

const whole = (description: string, value: number, minimum = 1) =>
  semantic(Type.Integer({ minimum, default: value, description }));

const params = Type.Object({
  batch_size: whole('Sums in a batch.', 32),
  group_size: whole('Answers to each sum, which are compared with one another.', 8),
  n_batches: whole('Batches.', 100),
  max_operand: semantic(
    Type.Integer({ minimum: 1, maximum: 999, default: 100, description: 'Largest number to add.' }),
  ),
  test_size: whole('Pairs of numbers that are held out, all in one batch; 0 = none.', 200, 0),
  format_coef: semantic(
    Type.Number({ minimum: 0, default: 0.1, description: 'What an answer costs that does not come to its end.' }),
  ),
  in_words: semantic(
    Type.Boolean({ default: false, description: 'Ask "What is seventeen plus twenty-five? Answer with a number."' }),
  ),
  example: semantic(Type.Boolean({ default: true, description: 'Show a worked sum in front of every question.' })),
});

export const arithmetic = defineBuilder({
  slot: rlDatasetSlot,
  name: 'arithmetic',
  version: 1,
  doc: 'Sums of two numbers: "What is 17 + 25?". The last number of the answer counts.',
  params,
  async build(config, context): Promise<RLDatasets> {
    return await buildArithmetic(config, context);
  },
});

async function buildArithmetic(config: Static<typeof params>, context: RLDatasetContext): Promise<RLDatasets> {
  const { problemDataset } = await import('../../rl/problem_env.ts');
  const { permutation } = await import('../../util/permutation.ts');
  const { lastNumber } = await import('./last_number.ts');
  const { numberWords } = await import('./number_words.ts');
  const { batch_size, group_size, n_batches, max_operand, test_size, format_coef, in_words, example } = config;
  const { renderer, maxContextLength, seed } = context;
  const operands = max_operand + 1;
  // Which pairs are held out is the same for every seed, so that runs compare.
  const pairs = permutation(operands ** 2, [0]);
  const held = Math.min(test_size, pairs.length - 1);
  const [test, train] = [pairs.slice(0, held), pairs.slice(held)];
  const ask = (a: number, b: number) =>
    in_words ? `What is ${numberWords(a)} plus ${numberWords(b)}? Answer with a number.` : `What is ${a} + ${b}?`;
  const problemOf = (pair: number) => {
    const [a, b] = [Math.floor(pair / operands), pair % operands];
    const reference_answer = String(a + b);
    return {
      question: ask(a, b),
      reference_answer,
      checkAnswer: (reply: string) => lastNumber(reply) === reference_answer,
    };
  };
  const convoPrefix = example
    ? [
        { role: 'user', content: ask(4, 5) },
        { role: 'assistant', content: '9' },
      ]
    : [];
  const options = { renderer, maxContextLength, convoPrefix, formatCoef: format_coef, datasetName: 'arithmetic' };
  const cycles = (index: number) => permutation(train.length, [seed, Math.floor(index / train.length)]);
  let order = { cycle: -1, pairs: [] as number[] };
  return {
    train: problemDataset(
      n_batches * batch_size,
      (index) => {
        const cycle = Math.floor(index / train.length);
        if (order.cycle !== cycle) order = { cycle, pairs: cycles(index) };
        return problemOf(train[order.pairs[index % train.length]]);
      },
      { ...options, batchSize: batch_size, groupSize: group_size, shuffleSeed: null },
    ),
    test:
      held === 0
        ? null
        : problemDataset(held, (index) => problemOf(test[index]), {
            ...options,
            batchSize: held,
            groupSize: 1,
            shuffleSeed: null,
          }),
  };
}
