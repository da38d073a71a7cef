// Rows of MATH-500: those of MATH, with a subject and a level.

import { field, optionalText } from '../../supervised/data/fields.ts';
import type { JsonObject } from '../../util/json.ts';
import type { QuestionAndAnswer } from '../math/problem_file.ts';
import { readMathRow } from '../math/row.ts';

export interface KindOfProblem extends QuestionAndAnswer {
  /** Metrics that its score counts in: `subject/Algebra`, `level/3`. */
  kinds: string[];
}

/** `{"problem", "answer", "subject", "level"}`; MATH itself has a `type` and levels such as "Level 3". */
export function readMath500Row(row: JsonObject): KindOfProblem {
  const subject = optionalText(field(row, 'subject') ?? field(row, 'type'), 'subject');
  const level = /\d+/.exec(String(field(row, 'level') ?? ''))?.[0] ?? null;
  const kinds = [subject === null ? [] : `subject/${subject}`, level === null ? [] : `level/${level}`].flat();
  return { ...readMathRow(row), kinds };
}
