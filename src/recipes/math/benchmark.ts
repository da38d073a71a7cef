// MATH, and MATH-500, as a benchmark.

import { Type } from '@sinclair/typebox';
import { benchmarkSlot } from '../../evaluation/types.ts';
import { defineBuilder } from '../../registry/builder.ts';
import { benchmarkFile } from './benchmark_file.ts';
import { problemBenchmarkParams, strictReference } from './problem_fields.ts';
import { BOXED_SYSTEM_PROMPT, MATH_BENCHMARK_FILE } from './texts.ts';

const FILE = benchmarkFile(async () => (await import('./row.ts')).readMathRow);

export const mathBenchmark = defineBuilder({
  slot: benchmarkSlot,
  name: 'math',
  version: 1,
  doc: 'Problems of MATH-500 or MATH. The last box of the answer counts, and is judged as a formula.',
  params: Type.Object({
    ...problemBenchmarkParams(MATH_BENCHMARK_FILE, { system_prompt: BOXED_SYSTEM_PROMPT }).properties,
    strict_reference: strictReference,
  }),
  async build(config, { renderer, ...context }) {
    const { problemBenchmark } = await import('../../evaluation/problem_benchmark.ts');
    const { boxedProblem } = await import('./boxed_problem.ts');
    const read = await FILE.read(config, context);
    const problems = read.map((problem) => boxedProblem(problem, { strictReference: config.strict_reference }));
    return problemBenchmark(problems, {
      name: 'math',
      grader: `math 1: the last box${config.strict_reference ? ', to the letter of the reference' : ''}`,
      renderer,
      systemPrompt: config.system_prompt,
    });
  },
  check: FILE.check,
});
