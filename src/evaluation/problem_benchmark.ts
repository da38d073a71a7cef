// Problems as a benchmark: each is asked in one turn, and its answer is right or wrong.

import { createHash } from 'node:crypto';
import type { Message, Renderer } from '../renderers/types.ts';
import { judgeReply, type Problem, problemEnv } from '../rl/problem_env.ts';
import type { Benchmark, BenchmarkExample } from './types.ts';

export interface ProblemBenchmarkOptions {
  name: string;
  /** See `Benchmark.grader`. */
  grader: string;
  renderer: Renderer;
  /** In front of every problem; null = none. */
  systemPrompt?: string | null;
  /** Behind the system prompt, such as an example. */
  convoPrefix?: readonly Message[];
  summarize?: Benchmark['summarize'];
}

/** An example for each problem, in their order. Its score counts right answers only, in whatever form they are. */
export function problemBenchmark(
  problems: readonly Problem[],
  { name, grader, renderer, systemPrompt = null, convoPrefix = [], summarize }: ProblemBenchmarkOptions,
): Benchmark {
  const system: Message[] = systemPrompt === null ? [] : [{ role: 'system', content: systemPrompt }];
  const prefix = [...system, ...convoPrefix];
  const seen = new Map<string, number>();
  const examples = problems.map((problem): BenchmarkExample => {
    const { question, reference_answer, judged_by } = problem;
    const parts = [prefix, question, reference_answer, ...(judged_by === undefined ? [] : [judged_by])];
    const id = `${name}_${shortHash(JSON.stringify(parts))}`;
    const count = (seen.get(id) ?? 0) + 1;
    seen.set(id, count);
    return {
      // Copies of one problem are examples of their own.
      example_id: count === 1 ? id : `${id}_${count}`,
      input: question,
      expected: reference_answer,
      // How it is written costs nothing here: an answer is right or wrong.
      makeEnv: () => problemEnv(problem, { renderer, convoPrefix: prefix, formatCoef: 0 }),
      text: {
        messages: [...prefix, { role: 'user', content: question }],
        judge: (reply, ends) => judgeReply(problem, reply, { ends, formatCoef: 0 }),
      },
    };
  });
  return { name, grader, examples, ...(summarize === undefined ? {} : { summarize }) };
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
