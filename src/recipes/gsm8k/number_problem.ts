// Problems whose answer is a number, wherever the reply has it.

import type { Problem } from '../../rl/problem_env.ts';
import { boxedAnswer } from '../math/boxed_problem.ts';
import { extractNumericAnswer } from '../math/extract.ts';
import type { QuestionAndAnswer } from '../math/problem_file.ts';

/** Numbers that differ by less are the same. */
const TOLERANCE = 1e-5;

export function numberProblem({ question, answer }: QuestionAndAnswer): Problem {
  return {
    question,
    reference_answer: answer,
    checkAnswer(reply) {
      const number = numberIn(reply);
      return number !== null && Math.abs(Number(number) - Number(answer)) < TOLERANCE;
    },
    extractAnswer: numberIn,
  };
}

/** Of several boxes the last one counts: what comes before are steps. */
function numberIn(reply: string): string | null {
  const boxed = boxedAnswer(reply);
  if (boxed === null) return extractNumericAnswer(reply);
  // As LaTeX sets thousands apart: 70{,}000, 70\,000, 70\ 000.
  return extractNumericAnswer(`\\boxed{${boxed.replaceAll(/\{,\}|\\[,!;: ]/g, '')}}`);
}
