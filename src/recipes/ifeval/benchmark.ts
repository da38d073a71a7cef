// IFEval (arXiv 2311.07911) as a benchmark: instructions that a program can verify.

import { benchmarkSlot } from '../../evaluation/types.ts';
import { defineBuilder } from '../../registry/builder.ts';
import { problemBenchmarkParams } from '../math/problem_fields.ts';

const IFEVAL_FILE = {
  description: 'Prompts as in IFEval: {"prompt", "instruction_id_list", "kwargs"} a row.',
  source: 'https://huggingface.co/datasets/google/IFEval',
};

export const ifevalBenchmark = defineBuilder({
  slot: benchmarkSlot,
  name: 'ifeval',
  version: 1,
  doc: 'Prompts of IFEval. An answer counts that follows all instructions of its prompt; beside that the shares of prompts and of instructions, to the letter and loosely.',
  params: problemBenchmarkParams(IFEVAL_FILE, { system_prompt: null }),
  async build({ file_path, num_examples, system_prompt, on_bad_row }, { renderer, ...context }) {
    const { problemBenchmark } = await import('../../evaluation/problem_benchmark.ts');
    const { readProblems } = await import('../math/problem_file.ts');
    const { instructedProblem, instructionLevel, readIfevalRow } = await import('./problem.ts');
    const prompts = await readProblems(file_path, readIfevalRow, { on_bad_row, limit: num_examples }, context);
    return problemBenchmark(prompts.map(instructedProblem), {
      name: 'ifeval',
      grader: 'ifeval 1: every instruction of the prompt, to the letter',
      renderer,
      systemPrompt: system_prompt,
      summarize: instructionLevel,
    });
  },
  async check({ file_path, on_bad_row }) {
    const { checkProblemFiles } = await import('../math/problem_file.ts');
    const { readIfevalRow } = await import('./problem.ts');
    return await checkProblemFiles({ file_path }, readIfevalRow, on_bad_row);
  },
});
