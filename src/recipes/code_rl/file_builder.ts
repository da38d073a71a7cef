// Problems of programming from a file, under the name that specs use (tinker_cookbook/recipes/code_rl).

import { type Static, Type } from '@sinclair/typebox';
import { defineBuilder } from '../../registry/builder.ts';
import { contents, FIELD_SOURCE, nullable, oneOf, runtime, semantic } from '../../registry/fields.ts';
import type { Make } from '../../registry/slot.ts';
import { type RLDatasetContext, type RLDatasets, rlDatasetSlot } from '../../rl/types.ts';
import { sandboxField } from '../../sandbox/fields.ts';
import { ON_BAD_ROW } from '../../supervised/data/options.ts';
import { codeFields, count } from './fields.ts';
import type { CodeTask } from './task.ts';

const ROWS = {
  format: 'path',
  [FIELD_SOURCE]: 'https://huggingface.co/datasets/agentica-org/DeepCoder-Preview-Dataset',
};

const params = Type.Object({
  file_path: contents(
    Type.String({ ...ROWS, description: 'Problems with tests, as in DeepCoder, TACO, APPS or LiveCodeBench.' }),
  ),
  test_file_path: nullable(
    contents(
      Type.String({ ...ROWS, default: null, description: 'Problems that are held out, in any of these formats.' }),
    ),
  ),
  num_test_examples: nullable(
    semantic(
      Type.Integer({ minimum: 1, default: null, description: 'Problems of the test file to measure; null = all.' }),
    ),
  ),
  language: semantic(
    oneOf(['python', 'javascript', 'bash'], { default: 'python', description: 'What programs are written in.' }),
  ),
  visible_tests: count('Tests that the policy may see, from the first, where a row does not tell them apart.', 2, 0),
  batch_size: semantic(Type.Integer({ minimum: 1, description: 'Problems in a batch; the last holds what is left.' })),
  group_size: count('Answers to each, which are compared with one another.', 8),
  shuffle_seed: nullable(
    semantic(
      Type.Integer({
        minimum: 0,
        default: 0,
        description: 'With the seed of the run, the order of the problems. null: as in the file.',
      }),
    ),
  ),
  ...codeFields,
  sandbox: sandboxField('bubblewrap'),
  on_bad_row: runtime(
    oneOf(ON_BAD_ROW, {
      default: 'error',
      description: 'error: stop at a row that cannot be used. skip: leave it out and count it in a warning.',
    }),
  ),
});
type Params = Static<typeof params>;

export const codeRL = defineBuilder({
  slot: rlDatasetSlot,
  name: 'code_rl',
  version: 1,
  doc: 'Problems of programming whose answers are run on hidden tests: rows of DeepCoder, TACO, APPS and LiveCodeBench as they are.',
  params,
  async build(config, context, make): Promise<RLDatasets> {
    return await buildCodeRL(config, context, make);
  },
  async check({ file_path, test_file_path, on_bad_row, ...options }) {
    const { checkRowFile } = await import('../../supervised/check_rows.ts');
    const { readCodeRow } = await import('./row.ts');
    const files = Object.entries({ file_path, test_file_path });
    const look = (file: string | null, field: string) =>
      file === null ? [] : checkRowFile(field, file, (row) => readCodeRow(row, options), on_bad_row);
    return (await Promise.all(files.map(async ([field, file]) => await look(file, field)))).flat();
  },
});

async function buildCodeRL(config: Params, context: RLDatasetContext, make: Make): Promise<RLDatasets> {
  const { codeGroups } = await import('./code_dataset.ts');
  const { readCodeTasks } = await import('./task_file.ts');
  const { permutation } = await import('../../util/permutation.ts');
  const { seedFor } = await import('../../util/random.ts');
  const { batch_size, group_size, shuffle_seed, num_test_examples } = config;
  const { train, test } = await readCodeTasks(config, context);
  const groupOf = await codeGroups(config, { name: 'code_rl', language: config.language, fenced: true }, context, make);
  const order = shuffle_seed === null ? null : permutation(train.length, [seedFor(context.seed, 'code', shuffle_seed)]);
  const dataset = (tasks: readonly CodeTask[], size: number) => ({
    length: Math.ceil(tasks.length / batch_size),
    getBatch: (index: number) =>
      tasks.slice(index * batch_size, (index + 1) * batch_size).map((task) => groupOf(task, size)),
  });
  const held = test.slice(0, num_test_examples ?? undefined);
  return {
    train: dataset(order === null ? train : order.map((at) => train[at]), group_size),
    test: held.length === 0 ? null : dataset(held, 1),
  };
}
