// Rows of AIME problems, in the fields of the public files, and the whole numbers that they are answered by.

import { field, kindOf, lacking } from '../../supervised/data/fields.ts';
import { DataValidationError } from '../../util/errors.ts';
import type { JsonObject } from '../../util/json.ts';
import { boxedAnswer } from '../math/boxed_problem.ts';
import { extractNumericAnswer } from '../math/extract.ts';
import { type QuestionAndAnswer, textIn } from '../math/problem_file.ts';

const QUESTIONS = ['problem', 'Problem', 'question'];
const ANSWERS = ['answer', 'Answer'];
const LARGEST = 999;

/** `{"problem", "answer"}`, also with capitals or `question`; the answer is a whole number from 0 to 999, or its text. */
export function readAimeRow(row: JsonObject): QuestionAndAnswer {
  const has = (name: string) => field(row, name) !== undefined;
  const [asked, answered] = [QUESTIONS.find(has), ANSWERS.find(has)];
  if (asked === undefined) throw lacking(row, 'problem');
  if (answered === undefined) throw lacking(row, 'answer');
  const value = field(row, answered);
  const number = wholeNumber(typeof value === 'number' ? String(value) : typeof value === 'string' ? value : '');
  if (number !== null) return { question: textIn(row, asked), answer: String(number) };
  throw new DataValidationError(`${answered}: must be a whole number from 0 to ${LARGEST}, not ${kindOf(value)}`);
}

/** The number in the last box; without a box, the one that the reply ends in. */
export function aimeAnswer(reply: string): number | null {
  const boxed = boxedAnswer(reply);
  if (boxed !== null) return wholeNumber(boxed);
  const last = extractNumericAnswer(reply);
  return last === null ? null : wholeNumber(last);
}

/** As answer sheets and LaTeX spell it: `025`, `25.0`, `\text{25}`, `25^\circ`, `x = 25`. */
function wholeNumber(text: string): number | null {
  const bare = text
    .replaceAll(/\\(?:text|textbf|mathrm|mathbf|boxed)\{([^{}]*)\}/g, '$1')
    .replaceAll(/\\[,;:! ]|[$\s]|\^\{?\\circ\}?|\\%/g, '')
    .replace(/^[a-zA-Z]+=/, '')
    .replace(/\.0*$/, '');
  return /^\d{1,3}$/.test(bare) ? Number(bare) : null;
}
