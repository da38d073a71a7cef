// MATH, and MATH-500, as a benchmark.

import { Type } from '@sinclair/typebox';
import { benchmarkSlot } from '../../evaluation/types.ts';
import { defineBuilder } from '../../registry/builder.ts';
import { problemBenchmarkParams, strictReference } from './problem_fields.ts';
import { BOXED_SYSTEM_PROMPT, MATH_BENCHMARK_FILE } from './texts.ts';

export const mathBenchmark = defineBuilder({
  slot: benchmarkSlot,
  name: 'math',
  version: 1,
  doc: 'Problems of MATH-500 or MATH. The last box of the answer counts, and is judged as a formula.',
  params: Type.Object({
    ...problemBenchmarkParams(MATH_BENCHMARK_FILE, { system_prompt: BOXED_SYSTEM_PROMPT }).properties,
    strict_reference: strictReference,
  }),
  async build({ file_path, num_examples, system_prompt, on_bad_row, strict_reference }, { renderer, ...context }) {
    const { problemBenchmark } = await import('../../evaluation/problem_benchmark.ts');
    const { boxedProblem } = await import('./boxed_problem.ts');
    const { readProblems } = await import('./problem_file.ts');
    const { readMathRow } = await import('./row.ts');
    const read = await readProblems(file_path, readMathRow, { on_bad_row, limit: num_examples }, context);
    const problems = read.map((problem) => boxedProblem(problem, { strictReference: strict_reference }));
    return problemBenchmark(problems, {
      name: 'math',
      grader: `math 1: the last box${strict_reference ? ', to the letter of the reference' : ''}`,
      renderer,
      systemPrompt: system_prompt,
    });
  },
  async check({ file_path, on_bad_row }) {
    const { checkProblemFiles } = await import('./problem_file.ts');
    const { readMathRow } = await import('./row.ts');
    return await checkProblemFiles({ file_path }, readMathRow, on_bad_row);
  },
});
