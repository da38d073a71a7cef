// GSM8K as a benchmark.

import { benchmarkSlot } from '../../evaluation/types.ts';
import { defineBuilder } from '../../registry/builder.ts';
import { benchmarkFile } from '../math/benchmark_file.ts';
import { problemBenchmarkParams } from '../math/problem_fields.ts';
import { BOXED_SYSTEM_PROMPT } from '../math/texts.ts';
import { GSM8K_BENCHMARK_FILE } from './texts.ts';

const FILE = benchmarkFile(async () => (await import('./row.ts')).readGsm8kRow);

export const gsm8kBenchmark = defineBuilder({
  slot: benchmarkSlot,
  name: 'gsm8k',
  version: 1,
  doc: 'Word problems of GSM8K. The number in the last box of the answer counts, else the one that it ends in.',
  params: problemBenchmarkParams(GSM8K_BENCHMARK_FILE, { system_prompt: BOXED_SYSTEM_PROMPT }),
  async build(config, { renderer, ...context }) {
    const { problemBenchmark } = await import('../../evaluation/problem_benchmark.ts');
    const { numberProblem } = await import('./number_problem.ts');
    const read = await FILE.read(config, context);
    return problemBenchmark(read.map(numberProblem), {
      name: 'gsm8k',
      grader: 'gsm8k 1: the number in the last box, else the one that it ends in',
      renderer,
      systemPrompt: config.system_prompt,
    });
  },
  check: FILE.check,
});
