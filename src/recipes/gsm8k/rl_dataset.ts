// GSM8K as an environment (tinker_cookbook/recipes/math_rl, `gsm8k`).

import { defineBuilder } from '../../registry/builder.ts';
import { rlDatasetSlot } from '../../rl/types.ts';
import { problemDatasetParams } from '../math/problem_fields.ts';
import { GSM8K_SUFFIX, GSM8K_TEST, GSM8K_TRAIN } from './texts.ts';

export const gsm8kRLDataset = defineBuilder({
  slot: rlDatasetSlot,
  name: 'gsm8k',
  version: 1,
  doc: 'Word problems of GSM8K, whose answer is asked for as a number in a box.',
  params: problemDatasetParams({ train: GSM8K_TRAIN, test: GSM8K_TEST }),
  async build(params, context) {
    const [{ problemDatasets }, { readGsm8kRow }] = await Promise.all([
      import('../math/problem_datasets.ts'),
      import('./row.ts'),
    ]);
    return await problemDatasets(params, context, { name: 'gsm8k', read: readGsm8kRow, suffix: GSM8K_SUFFIX });
  },
  async check({ file_path, test_file_path, on_bad_row }) {
    const [{ checkProblemFiles }, { readGsm8kRow }] = await Promise.all([
      import('../math/problem_file.ts'),
      import('./row.ts'),
    ]);
    return await checkProblemFiles({ file_path, test_file_path }, readGsm8kRow, on_bad_row);
  },
});
