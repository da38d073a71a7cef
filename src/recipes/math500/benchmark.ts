// MATH-500 (arXiv 2305.20050) as a benchmark: the problems of MATH that are held out by custom, scored by subject and level too.

import { Type } from '@sinclair/typebox';
import { benchmarkSlot } from '../../evaluation/types.ts';
import { defineBuilder } from '../../registry/builder.ts';
import { problemBenchmarkParams, strictReference } from '../math/problem_fields.ts';
import { BOXED_SYSTEM_PROMPT, MATH_BENCHMARK_FILE } from '../math/texts.ts';

export const math500Benchmark = defineBuilder({
  slot: benchmarkSlot,
  name: 'math500',
  version: 1,
  doc: 'Problems of MATH-500. The last box of the answer counts, and is judged as a formula; scores by subject and level.',
  params: Type.Object({
    ...problemBenchmarkParams(MATH_BENCHMARK_FILE, { system_prompt: BOXED_SYSTEM_PROMPT }).properties,
    strict_reference: strictReference,
  }),
  async build({ file_path, num_examples, system_prompt, on_bad_row, strict_reference }, { renderer, ...context }) {
    const { problemBenchmark } = await import('../../evaluation/problem_benchmark.ts');
    const { boxedProblem } = await import('../math/boxed_problem.ts');
    const { readProblems } = await import('../math/problem_file.ts');
    const { readMath500Row } = await import('./row.ts');
    const read = await readProblems(file_path, readMath500Row, { on_bad_row, limit: num_examples }, context);
    const problems = read.map(({ kinds, ...problem }) => ({
      ...boxedProblem(problem, { strictReference: strict_reference }),
      measure: (_reply: string, isCorrect: boolean) =>
        Object.fromEntries(kinds.map((kind) => [kind, isCorrect ? 1 : 0])),
    }));
    return problemBenchmark(problems, {
      name: 'math500',
      grader: `math 1: the last box${strict_reference ? ', to the letter of the reference' : ''}`,
      renderer,
      systemPrompt: system_prompt,
    });
  },
  async check({ file_path, on_bad_row }) {
    const { checkProblemFiles } = await import('../math/problem_file.ts');
    const { readMath500Row } = await import('./row.ts');
    return await checkProblemFiles({ file_path }, readMath500Row, on_bad_row);
  },
});
