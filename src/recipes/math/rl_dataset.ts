// MATH as an environment (tinker_cookbook/recipes/math_rl, `math`).

import { defineBuilder } from '../../registry/builder.ts';
import { rlDatasetSlot } from '../../rl/types.ts';
import { problemDatasetParams } from './problem_fields.ts';
import { MATH_500, MATH_FILE, MATH_SUFFIX } from './texts.ts';

export const mathRLDataset = defineBuilder({
  slot: rlDatasetSlot,
  name: 'math',
  version: 1,
  doc: 'Problems of MATH, whose answers are asked for in a box and judged as formulas. Those of MATH-500 are held out.',
  params: problemDatasetParams({ train: MATH_FILE, test: MATH_500 }),
  async build(params, context) {
    const [{ problemDatasets }, { readMathRow }] = await Promise.all([
      import('./problem_datasets.ts'),
      import('./row.ts'),
    ]);
    return await problemDatasets(params, context, { name: 'math', read: readMathRow, suffix: MATH_SUFFIX });
  },
  async check({ file_path, test_file_path, on_bad_row }) {
    const [{ checkProblemFiles }, { readMathRow }] = await Promise.all([
      import('./problem_file.ts'),
      import('./row.ts'),
    ]);
    return await checkProblemFiles({ file_path, test_file_path }, readMathRow, on_bad_row);
  },
});
