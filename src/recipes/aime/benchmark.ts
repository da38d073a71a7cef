// AIME as a benchmark: competition problems with whole numbers from 0 to 999 as answers.

import { benchmarkSlot } from '../../evaluation/types.ts';
import { defineBuilder } from '../../registry/builder.ts';
import { benchmarkFile } from '../math/benchmark_file.ts';
import { problemBenchmarkParams } from '../math/problem_fields.ts';
import { BOXED_SYSTEM_PROMPT } from '../math/texts.ts';

const AIME_FILE = {
  description: 'Problems of AIME of any year: {"problem", "answer"} a row, the answer a whole number from 0 to 999.',
  source: 'https://huggingface.co/datasets/HuggingFaceH4/aime_2024',
};

const FILE = benchmarkFile(async () => (await import('./row.ts')).readAimeRow);

export const aimeBenchmark = defineBuilder({
  slot: benchmarkSlot,
  name: 'aime',
  version: 1,
  doc: 'Problems of AIME. The whole number in the last box of the answer counts, else the one that it ends in.',
  params: problemBenchmarkParams(AIME_FILE, { system_prompt: BOXED_SYSTEM_PROMPT }),
  async build(config, { renderer, ...context }) {
    const { problemBenchmark } = await import('../../evaluation/problem_benchmark.ts');
    const { aimeAnswer } = await import('./row.ts');
    const read = await FILE.read(config, context);
    const problems = read.map(({ question, answer }) => ({
      question,
      reference_answer: answer,
      checkAnswer: (reply: string) => aimeAnswer(reply) === Number(answer),
      extractAnswer: (reply: string) => aimeAnswer(reply)?.toString() ?? null,
    }));
    return problemBenchmark(problems, {
      name: 'aime',
      grader: 'aime 1: the whole number in the last box, else the one that it ends in',
      renderer,
      systemPrompt: config.system_prompt,
    });
  },
  check: FILE.check,
});
