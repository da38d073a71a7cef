// GSM8K as a benchmark.

import { benchmarkSlot } from '../../evaluation/types.ts';
import { defineBuilder } from '../../registry/builder.ts';
import { problemBenchmarkParams } from '../math/problem_fields.ts';
import { BOXED_SYSTEM_PROMPT } from '../math/texts.ts';
import { GSM8K_BENCHMARK_FILE } from './texts.ts';

export const gsm8kBenchmark = defineBuilder({
  slot: benchmarkSlot,
  name: 'gsm8k',
  version: 1,
  doc: 'Word problems of GSM8K. The number in the last box of the answer counts, else the one that it ends in.',
  params: problemBenchmarkParams(GSM8K_BENCHMARK_FILE, { system_prompt: BOXED_SYSTEM_PROMPT }),
  async build({ file_path, num_examples, system_prompt, on_bad_row }, { renderer, ...context }) {
    const { problemBenchmark } = await import('../../evaluation/problem_benchmark.ts');
    const { readProblems } = await import('../math/problem_file.ts');
    const { numberProblem } = await import('./number_problem.ts');
    const { readGsm8kRow } = await import('./row.ts');
    const read = await readProblems(file_path, readGsm8kRow, { on_bad_row, limit: num_examples }, context);
    return problemBenchmark(read.map(numberProblem), {
      name: 'gsm8k',
      grader: 'gsm8k 1: the number in the last box, else the one that it ends in',
      renderer,
      systemPrompt: system_prompt,
    });
  },
  async check({ file_path, on_bad_row }) {
    const { checkProblemFiles } = await import('../math/problem_file.ts');
    const { readGsm8kRow } = await import('./row.ts');
    return await checkProblemFiles({ file_path }, readGsm8kRow, on_bad_row);
  },
});
