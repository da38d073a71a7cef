// Rows of MATH (arXiv 2103.03874) and of MATH-500, in the fields of the public files.

import { field, optionalText } from '../../supervised/data/fields.ts';
import type { JsonObject } from '../../util/json.ts';
import { extractBoxed } from './boxed.ts';
import { inField, type QuestionAndAnswer, textIn } from './problem_file.ts';

/** `{"problem", "answer"}`, or `{"problem", "solution"}` with the answer in the last box of the solution. */
export function readMathRow(row: JsonObject): QuestionAndAnswer {
  const question = textIn(row, 'problem');
  const given = optionalText(field(row, 'answer'), 'answer');
  if (given !== null) return { question, answer: textIn(row, 'answer') };
  const solution = textIn(row, 'solution');
  return { question, answer: inField('solution', () => extractBoxed(solution)) };
}
