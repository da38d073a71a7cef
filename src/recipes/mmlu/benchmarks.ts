// MMLU (arXiv 2009.03300), MMLU-Pro (arXiv 2406.01574) and GPQA (arXiv 2311.12022) as benchmarks.

import { Type } from '@sinclair/typebox';
import { benchmarkSlot } from '../../evaluation/types.ts';
import { defineBuilder } from '../../registry/builder.ts';
import { semantic } from '../../registry/fields.ts';
import type { JsonObject } from '../../util/json.ts';
import { benchmarkFile } from '../math/benchmark_file.ts';
import { problemBenchmarkParams } from '../math/problem_fields.ts';
import type { ChoiceQuestion } from './choice_row.ts';

const SYSTEM_PROMPT = 'Think step by step, and end with "Answer: X", where X is the letter of the right choice.';

interface ChoiceSource {
  name: string;
  doc: string;
  file: { description: string; source: string };
  read(): Promise<(row: JsonObject) => ChoiceQuestion>;
}

function choiceBenchmark({ name, doc, file, read }: ChoiceSource) {
  const questionFile = benchmarkFile(read);
  return defineBuilder({
    slot: benchmarkSlot,
    name,
    version: 1,
    doc,
    params: Type.Object({
      ...problemBenchmarkParams(file, { system_prompt: SYSTEM_PROMPT }).properties,
      shuffle_choices: semantic(
        Type.Boolean({
          default: true,
          description:
            'Ask the choices in an order that the seed and the question decide. Choices that speak of others stay.',
        }),
      ),
    }),
    async build(config, { renderer, seed, ...context }) {
      const { problemBenchmark } = await import('../../evaluation/problem_benchmark.ts');
      const { choiceProblem } = await import('./choice_problem.ts');
      const questions = await questionFile.read(config, context);
      const problems = questions.map((question) =>
        choiceProblem(question, { shuffleSeed: config.shuffle_choices ? seed : null }),
      );
      return problemBenchmark(problems, {
        name,
        grader: 'multiple choice 1: the letter in the last box, behind "answer", or else near the end',
        renderer,
        systemPrompt: config.system_prompt,
      });
    },
    check: questionFile.check,
  });
}

export const mmluBenchmark = choiceBenchmark({
  name: 'mmlu',
  doc: 'Multiple-choice questions of MMLU, or any of its form. The letter that the answer comes to counts; scores by subject.',
  file: {
    description:
      'Questions as in MMLU: {"question", "choices", "answer", "subject"} a row; the answer is a place from 0 or a letter.',
    source: 'https://huggingface.co/datasets/cais/mmlu',
  },
  read: async () => (await import('./choice_row.ts')).readMmluRow,
});

export const mmluProBenchmark = choiceBenchmark({
  name: 'mmlu_pro',
  doc: 'Multiple-choice questions of MMLU-Pro, of up to ten choices each. The letter that the answer comes to counts; scores by category.',
  file: {
    description: 'Questions as in MMLU-Pro: {"question", "options", "answer", "answer_index", "category"} a row.',
    source: 'https://huggingface.co/datasets/TIGER-Lab/MMLU-Pro',
  },
  read: async () => (await import('./choice_row.ts')).readMmluProRow,
});

export const gpqaBenchmark = choiceBenchmark({
  name: 'gpqa',
  doc: 'Multiple-choice questions of GPQA. The letter that the answer comes to counts; scores by domain.',
  file: {
    description: 'Questions as in GPQA: {"Question", "Correct Answer", "Incorrect Answer 1", …} a row.',
    source: 'https://huggingface.co/datasets/Idavidrein/gpqa',
  },
  read: async () => (await import('./choice_row.ts')).readGpqaRow,
});
