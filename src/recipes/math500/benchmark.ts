// MATH-500 (arXiv 2305.20050) as a benchmark: the problems of MATH that are held out by custom, scored by subject and level too.

import { Type } from '@sinclair/typebox';
import { benchmarkSlot } from '../../evaluation/types.ts';
import { defineBuilder } from '../../registry/builder.ts';
import { benchmarkFile } from '../math/benchmark_file.ts';
import { problemBenchmarkParams, strictReference } from '../math/problem_fields.ts';
import { BOXED_SYSTEM_PROMPT, MATH_BENCHMARK_FILE } from '../math/texts.ts';

const FILE = benchmarkFile(async () => (await import('./row.ts')).readMath500Row);

export const math500Benchmark = defineBuilder({
  slot: benchmarkSlot,
  name: 'math500',
  version: 1,
  doc: 'Problems of MATH-500. The last box of the answer counts, and is judged as a formula; scores by subject and level.',
  params: Type.Object({
    ...problemBenchmarkParams(MATH_BENCHMARK_FILE, { system_prompt: BOXED_SYSTEM_PROMPT }).properties,
    strict_reference: strictReference,
  }),
  async build(config, { renderer, ...context }) {
    const { problemBenchmark } = await import('../../evaluation/problem_benchmark.ts');
    const { boxedProblem } = await import('../math/boxed_problem.ts');
    const read = await FILE.read(config, context);
    const problems = read.map(({ kinds, ...problem }) => ({
      ...boxedProblem(problem, { strictReference: config.strict_reference }),
      measure: (_reply: string, isCorrect: boolean) =>
        Object.fromEntries(kinds.map((kind) => [kind, isCorrect ? 1 : 0])),
    }));
    return problemBenchmark(problems, {
      name: 'math500',
      grader: `math 1: the last box${config.strict_reference ? ', to the letter of the reference' : ''}`,
      renderer,
      systemPrompt: config.system_prompt,
    });
  },
  check: FILE.check,
});
