// Problems whose answer is asked for in a box, `\boxed{…}`, and judged as mathematics.

import type { Problem } from '../../rl/problem_env.ts';
import { DataValidationError } from '../../util/errors.ts';
import { extractBoxed, firstBoxed } from './boxed.ts';
import { type GradeOptions, gradeAnswer } from './grade_answer.ts';
import type { QuestionAndAnswer } from './problem_file.ts';

/** In form is a reply with a boxed answer. `suffix`: asked for behind every question. */
export function boxedProblem(
  { question, answer }: QuestionAndAnswer,
  { suffix = '', strictReference = false }: GradeOptions & { suffix?: string },
): Problem {
  const boxedIn = (reply: string) => boxedAnswer(reply, { strictReference });
  return {
    question: question + suffix,
    reference_answer: answer,
    checkAnswer: (reply) => gradeAnswer(boxedIn(reply), answer, { strictReference }),
    checkFormat: (reply) => boxedIn(reply) !== null,
    extractAnswer: boxedIn,
  };
}

/**
 * The last boxed answer of a reply, null without any. A stray brace costs a reply its answer with `strictReference`; else
 * the first box that can be read counts then.
 */
export function boxedAnswer(reply: string, { strictReference = false }: GradeOptions = {}): string | null {
  try {
    return extractBoxed(reply);
  } catch (error) {
    if (!(error instanceof DataValidationError)) throw error;
    return strictReference ? null : firstBoxed(reply);
  }
}
