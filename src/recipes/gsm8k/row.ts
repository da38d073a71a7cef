// Rows of GSM8K, in the fields of the public files.

import { DataValidationError } from '../../util/errors.ts';
import type { JsonObject } from '../../util/json.ts';
import { extractGsm8kFinalAnswer } from '../math/extract.ts';
import { inField, type QuestionAndAnswer, textIn } from '../math/problem_file.ts';

/** `{"question", "answer"}`, where the answer ends in `#### 42`. */
export function readGsm8kRow(row: JsonObject): QuestionAndAnswer {
  const question = textIn(row, 'question');
  const worked = textIn(row, 'answer');
  const answer = inField('answer', () => extractGsm8kFinalAnswer(worked));
  if (answer !== '' && Number.isFinite(Number(answer))) return { question, answer };
  throw new DataValidationError(`answer: behind "####" must be a number, not ${JSON.stringify(answer)}`);
}
