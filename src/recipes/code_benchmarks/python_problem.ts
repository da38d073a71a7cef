// Problems whose answer is a program in Python, followed by tests that fail with an error.

import type { Problem } from '../../rl/problem_env.ts';
import { RolloutFailure } from '../../rl/rollout_failure.ts';
import type { Sandbox, SandboxLimits } from '../../sandbox/types.ts';
import { seedFor } from '../../util/random.ts';
import { lastFencedBlock } from '../code_rl/extract_code.ts';

export interface PythonProblem {
  question: string;
  /** One that is right, for people. */
  solution: string;
  /** In front of an answer. */
  before: string;
  /** Behind it: fails with an error where the answer is wrong. */
  tests: string;
}

export function pythonProblem(
  { question, solution, before, tests }: PythonProblem,
  { sandbox, limits }: { sandbox: Sandbox; limits: SandboxLimits },
): Problem {
  return {
    question,
    reference_answer: solution,
    judged_by: `${before}\n${tests}`,
    extractAnswer: codeIn,
    async checkAnswer(reply) {
      // A program that ends before its tests, with sys.exit(0) for one, has passed none of them.
      const mark = `passed-${seedFor(0, question, reply)}`;
      const program = `${before}\n${codeIn(reply)}\n\n${tests}\n\nprint('\\n${mark}')\n`;
      const run = { language: 'python', files: { 'main.py': program }, entry: 'main.py', limits };
      const { status, stdout, stderr } = await sandbox.run(run);
      if (status === 'unavailable') throw new RolloutFailure('sandbox_unavailable', stderr);
      return status === 'ok' && stdout.trimEnd().split('\n').at(-1) === mark;
    },
  };
}

function codeIn(reply: string): string {
  return lastFencedBlock(reply) ?? reply;
}
