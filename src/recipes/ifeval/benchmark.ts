// IFEval (arXiv 2311.07911) as a benchmark: instructions that a program can verify.

import { benchmarkSlot } from '../../evaluation/types.ts';
import { defineBuilder } from '../../registry/builder.ts';
import { benchmarkFile } from '../math/benchmark_file.ts';
import { problemBenchmarkParams } from '../math/problem_fields.ts';

const IFEVAL_FILE = {
  description: 'Prompts as in IFEval: {"prompt", "instruction_id_list", "kwargs"} a row.',
  source: 'https://huggingface.co/datasets/google/IFEval',
};

const FILE = benchmarkFile(async () => (await import('./problem.ts')).readIfevalRow);

export const ifevalBenchmark = defineBuilder({
  slot: benchmarkSlot,
  name: 'ifeval',
  version: 1,
  doc: 'Prompts of IFEval. An answer counts that follows all instructions of its prompt; beside that the shares of prompts and of instructions, to the letter and loosely.',
  params: problemBenchmarkParams(IFEVAL_FILE, { system_prompt: null }),
  async build(config, { renderer, ...context }) {
    const { problemBenchmark } = await import('../../evaluation/problem_benchmark.ts');
    const { instructedProblem, instructionLevel } = await import('./problem.ts');
    const prompts = await FILE.read(config, context);
    return problemBenchmark(prompts.map(instructedProblem), {
      name: 'ifeval',
      grader: 'ifeval 1: every instruction of the prompt, to the letter',
      renderer,
      systemPrompt: config.system_prompt,
      summarize: instructionLevel,
    });
  },
  check: FILE.check,
});
