// Sums as an environment (tinker_cookbook/recipes/math_rl, `arithmetic`), with some pairs of numbers held out.

import { type Static, Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { semantic } from '../../registry/fields.ts';
import { type RLDatasetContext, type RLDatasets, rlDatasetSlot } from '../../rl/types.ts';
import { sumFields } from './sum_fields.ts';

const whole = (description: string, value: number, minimum = 1) =>
  semantic(Type.Integer({ minimum, default: value, description }));

const params = Type.Object({
  batch_size: whole('Sums in a batch.', 32),
  group_size: whole('Answers to each sum, which are compared with one another.', 8),
  n_batches: whole('Batches.', 100),
  max_operand: sumFields.max_operand,
  test_size: whole('Pairs of numbers that are held out, all in one batch; 0 = none.', 200, 0),
  format_coef: semantic(
    Type.Number({ minimum: 0, default: 0.1, description: 'What an answer costs that does not come to its end.' }),
  ),
  in_words: sumFields.in_words,
  example: sumFields.example,
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
  const { cyclicOrder } = await import('../../util/permutation.ts');
  const { pairsOf, sumOf, sumPrefix } = await import('./sums.ts');
  const { batch_size, group_size, n_batches, test_size, format_coef } = config;
  const { renderer, maxContextLength, seed } = context;
  const pairs = pairsOf(config);
  const held = Math.min(test_size, pairs.length - 1);
  const [test, train] = [pairs.slice(0, held), pairs.slice(held)];
  const problemOf = (pair: number) => sumOf(pair, config);
  const convoPrefix = sumPrefix(config);
  const options = { renderer, maxContextLength, convoPrefix, formatCoef: format_coef, datasetName: 'arithmetic' };
  const order = cyclicOrder(train.length, [seed]);
  return {
    train: problemDataset(n_batches * batch_size, (index) => problemOf(train[order(index)]), {
      ...options,
      batchSize: batch_size,
      groupSize: group_size,
      shuffleSeed: null,
    }),
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
