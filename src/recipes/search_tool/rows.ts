// Rows of questions with their answers, in the fields of the public sets: NQ and HotpotQA of Search-R1 and FlashRAG, hotpot_qa,
// nq_open, trivia_qa and squad of the hub.

import { field, lacking, requiredText } from '../../supervised/data/fields.ts';
import type { OnBadRow } from '../../supervised/data/options.ts';
import { readRows } from '../../supervised/data/rows.ts';
import { DataValidationError } from '../../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue, objectOf } from '../../util/json.ts';
import type { SearchQuestion } from './question.ts';

/** Where the answers may stand; the first that is there counts. */
const PLACES: readonly (readonly string[])[] = [
  ['reward_model', 'ground_truth', 'target'],
  ['golden_answers'],
  ['answers', 'text'],
  ['answers'],
  ['answer', 'aliases'],
  ['answer'],
];

/** @throws DataValidationError that names the field */
export function readQuestion(row: JsonObject): SearchQuestion {
  const question = field(row, 'question');
  if (question === undefined) throw lacking(row, 'question');
  const text = requiredText(question, 'question').trim();
  if (text === '') throw new DataValidationError('question: is empty');
  const source = field(row, 'data_source');
  return {
    question: text,
    answers: answersOf(row),
    source: tagOf(source === undefined ? 'questions' : requiredText(source, 'data_source')),
  };
}

function answersOf(row: JsonObject): string[] {
  for (const place of PLACES) {
    const value = valueAt(row, place);
    if (value === undefined || isJsonObject(value)) continue;
    const list = Array.isArray(value) ? value : [value];
    const answers = list.map((answer, i) =>
      requiredText(answer, `${place.join('.')}${list === value ? `[${i}]` : ''}`),
    );
    if (answers.some((answer) => answer.trim() !== '')) return answers.filter((answer) => answer.trim() !== '');
    throw new DataValidationError(`${place.join('.')}: there is no answer`);
  }
  throw lacking(row, 'golden_answers');
}

function valueAt(row: JsonObject, place: readonly string[]): JsonValue | undefined {
  const [last] = place.slice(-1);
  const inside = place.slice(0, -1).reduce<JsonObject>((object, name) => objectOf(field(object, name)), row);
  return field(inside, last) ?? undefined;
}

/** Metrics have the name of their source in theirs. */
const tagOf = (source: string): string => source.replace(/[^\w.-]+/g, '_').slice(0, 64) || 'questions';

export interface QuestionFileContext {
  warn(message: string): void;
  notify?(message: string): void;
  signal?: AbortSignal;
}

/** Rows that are skipped are warned of. */
export async function readQuestions(
  file: string,
  onBadRow: OnBadRow,
  context: QuestionFileContext,
): Promise<SearchQuestion[]> {
  const rows = await readRows(file, { ...context, onBadRow }, readQuestion);
  const questions = rows.filter((row) => row !== null);
  if (questions.length === 0) throw new DataValidationError(`${file}: none of its ${rows.length} rows can be used`);
  return questions;
}
