// Functions to write under the names that specs use: the environment, and answers to learn its form from.

import { type Static, Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { oneOf, semantic } from '../../registry/fields.ts';
import type { Make } from '../../registry/slot.ts';
import { type RLDatasetContext, type RLDatasets, rlDatasetSlot } from '../../rl/types.ts';
import { datasetSlot } from '../../supervised/types.ts';
import { codeFields, count } from './fields.ts';
import { OPERATIONS } from './function_steps.ts';
import { ARGUMENTS } from './function_tasks.ts';

const taskFields = {
  argument: semantic(
    oneOf(ARGUMENTS, { default: 'any', description: 'What functions take: a number, a list of numbers, or either.' }),
  ),
  max_steps: semantic(
    Type.Integer({
      minimum: 1,
      maximum: 6,
      default: 2,
      description: 'Things that a function does one after the other.',
    }),
  ),
  operations: semantic(
    Type.Array(oneOf(OPERATIONS), {
      minItems: 1,
      uniqueItems: true,
      default: [...OPERATIONS],
      description: 'What is done to a number, or to each number of a list.',
    }),
  ),
  visible_tests: count('Tests of a function that the policy may see.', 2, 0),
  hidden_tests: count('Tests that decide the reward.', 8),
};

const params = Type.Object({
  ...taskFields,
  batch_size: count('Functions in a batch.', 16),
  group_size: count('Answers to each, which are compared with one another.', 8),
  n_batches: count('Batches.', 100),
  test_size: count('Functions that are held out, all in one batch; 0 = none.', 128, 0),
  ...codeFields,
});

export const codeTasks = defineBuilder({
  slot: rlDatasetSlot,
  name: 'code_tasks',
  version: 1,
  doc: 'Short functions in JavaScript, made up by seed: told in words, judged by tests that the policy never sees.',
  params,
  async build(config, context, make): Promise<RLDatasets> {
    return await buildCodeTasks(config, context, make);
  },
});

async function buildCodeTasks(
  config: Static<typeof params>,
  context: RLDatasetContext,
  make: Make,
): Promise<RLDatasets> {
  const { codeGroups } = await import('./code_dataset.ts');
  const { functionOf, functionTask } = await import('./function_tasks.ts');
  const { batch_size, group_size, n_batches, test_size } = config;
  const groupOf = await codeGroups(
    config,
    { name: 'code_tasks', language: 'javascript', fenced: false },
    context,
    make,
  );
  const trained = (index: number) => functionTask(functionOf('train', context.seed, index, config), config);
  const heldOut = (index: number) => functionTask(functionOf('test', 0, index, config), config);
  return {
    train: {
      length: n_batches,
      getBatch: (batch) =>
        Array.from({ length: batch_size }, (_, i) => groupOf(trained(batch * batch_size + i), group_size)),
    },
    test:
      test_size === 0
        ? null
        : { length: 1, getBatch: () => Array.from({ length: test_size }, (_, i) => groupOf(heldOut(i), 1)) },
  };
}

export const codeDemonstrations = defineBuilder({
  slot: datasetSlot,
  name: 'code_demonstrations',
  version: 1,
  doc: 'Answers to code_tasks by someone who knows their form and often writes another function: a start for reinforcement learning.',
  params: Type.Object({
    ...taskFields,
    noise: semantic(
      Type.Number({
        minimum: 0,
        maximum: 1,
        default: 0.5,
        description: 'Share of the answers that are any function; the others are the one that was asked for.',
      }),
    ),
    num_examples: count('Answers.', 2048),
    test_size: count('Further answers that are held out.', 64, 0),
    batch_size: count('Answers in an optimizer step.', 16),
  }),
  async build(config, context) {
    const { demonstrationDatasets } = await import('../demonstrations.ts');
    const { demonstration } = await import('./demonstrations.ts');
    return demonstrationDatasets(config, context, (random) => demonstration(config, random));
  },
});
