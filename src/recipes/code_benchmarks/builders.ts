// HumanEval and MBPP as benchmarks: programs in Python, run on the tests that are published with them.

import { type Static, Type } from '@sinclair/typebox';
import { benchmarkSlot } from '../../evaluation/types.ts';
import { defineBuilder } from '../../registry/builder.ts';
import { semantic } from '../../registry/fields.ts';
import type { PlainRef } from '../../registry/slot.ts';
import { limitFields, sandboxField } from '../../sandbox/fields.ts';
import { canonicalJson, type JsonObject } from '../../util/json.ts';
import { benchmarkFile } from '../math/benchmark_file.ts';
import { problemBenchmarkParams } from '../math/problem_fields.ts';

interface Published {
  name: 'human_eval' | 'mbpp';
  doc: string;
  /** What a row is. */
  rows: string;
  source: string;
}

const SYSTEM_PROMPT = 'You are an expert Python programmer.';

function codeBenchmark({ name, doc, rows, source }: Published) {
  const params = Type.Object({
    ...problemBenchmarkParams({ description: rows, source }, { system_prompt: SYSTEM_PROMPT }).properties,
    sandbox: sandboxField('bubblewrap'),
    limits: semantic(
      Type.Object(limitFields, { default: {}, description: 'What a program may take, with all of its tests.' }),
    ),
  });
  const file = benchmarkFile(async () => {
    const { readHumanEvalRow, readMbppRow } = await import('./rows.ts');
    return { human_eval: readHumanEvalRow, mbpp: readMbppRow }[name];
  });
  return defineBuilder({
    slot: benchmarkSlot,
    name,
    version: 1,
    doc,
    params,
    async build(config: Static<typeof params>, { renderer, ...context }, make) {
      const { problemBenchmark } = await import('../../evaluation/problem_benchmark.ts');
      const { requireLanguage } = await import('../../sandbox/checked_run.ts');
      const { pythonProblem } = await import('./python_problem.ts');
      const { system_prompt, limits } = config;
      const problems = await file.read(config, context);
      const sandbox = await make(config.sandbox, context);
      requireLanguage(sandbox, 'python');
      return problemBenchmark(
        problems.map((problem) => pythonProblem(problem, { sandbox, limits })),
        { name, grader: graderOf(name, config), renderer, systemPrompt: system_prompt },
      );
    },
    check: file.check,
  });
}

/** What took too long under one limit may pass under another. */
function graderOf(name: string, { limits, sandbox }: { limits: JsonObject; sandbox: PlainRef }): string {
  return `${name} 1: the published tests, in ${sandbox.builder}, within ${canonicalJson(limits)}`;
}

export const codeBenchmarks = [
  codeBenchmark({
    name: 'human_eval',
    doc: 'Functions of HumanEval, completed in Python and run on its tests.',
    rows: 'Problems of HumanEval: {"prompt", "entry_point", "test"} a row.',
    source: 'https://huggingface.co/datasets/openai/openai_humaneval',
  }),
  codeBenchmark({
    name: 'mbpp',
    doc: 'Short programs of MBPP, all of its rows or the sanitized ones, run on its tests.',
    rows: 'Problems of MBPP: {"text" or "prompt", "test_list"} a row.',
    source: 'https://huggingface.co/datasets/google-research-datasets/mbpp',
  }),
];
