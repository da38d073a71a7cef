// Rows of multiple-choice questions, in the fields of the public files of MMLU, MMLU-Pro and GPQA.

import { field, kindOf, optionalText } from '../../supervised/data/fields.ts';
import { DataValidationError } from '../../util/errors.ts';
import type { JsonObject, JsonValue } from '../../util/json.ts';
import { textIn } from '../math/problem_file.ts';

export interface ChoiceQuestion {
  question: string;
  choices: string[];
  /** Place of the right one among them. */
  correct: number;
  /** Under which its score is told too; null where the row has none. */
  subject: string | null;
}

export const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** `{"question", "choices", "answer"}`, or a column for each of A to D; the answer is a place from 0, or a letter. */
export function readMmluRow(row: JsonObject): ChoiceQuestion {
  const question = textIn(row, 'question');
  const columns = ['A', 'B', 'C', 'D'];
  const choices =
    field(row, 'choices') === undefined && field(row, 'A') !== undefined
      ? columns.map((letter) => textIn(row, letter))
      : textsIn(row, 'choices');
  const subject = optionalText(field(row, 'subject'), 'subject');
  return { question, choices, correct: placeOf(field(row, 'answer'), 'answer', choices), subject };
}

/** `{"question", "options", "answer", "answer_index", "category"}`; without an index the letter counts. */
export function readMmluProRow(row: JsonObject): ChoiceQuestion {
  const question = textIn(row, 'question');
  // What fills the list up in some files is no option.
  const choices = textsIn(row, 'options').filter((choice) => choice.trim() !== '' && choice !== 'N/A');
  const name = field(row, 'answer_index') == null ? 'answer' : 'answer_index';
  const subject = optionalText(field(row, 'category'), 'category');
  return { question, choices, correct: placeOf(field(row, name), name, choices), subject };
}

const WRONG = ['Incorrect Answer 1', 'Incorrect Answer 2', 'Incorrect Answer 3'];

/** `{"Question", "Correct Answer", "Incorrect Answer 1", …}`: the right one stands first. */
export function readGpqaRow(row: JsonObject): ChoiceQuestion {
  const question = textIn(row, 'Question');
  const choices = ['Correct Answer', ...WRONG].map((name) => textIn(row, name).trim());
  const subject = optionalText(field(row, 'High-level domain'), 'High-level domain');
  return { question, choices, correct: 0, subject };
}

function textsIn(row: JsonObject, name: string): string[] {
  const value = field(row, name);
  if (!Array.isArray(value)) throw new DataValidationError(`${name}: must be a list of texts, not ${kindOf(value)}`);
  const texts = value.map((text, i) => {
    if (typeof text === 'string') return text;
    throw new DataValidationError(`${name}[${i}]: must be text, not ${kindOf(text)}`);
  });
  if (texts.length >= 2 && texts.length <= LETTERS.length) return texts;
  throw new DataValidationError(`${name}: must hold 2 to ${LETTERS.length} choices, not ${texts.length}`);
}

function placeOf(value: JsonValue | undefined, name: string, choices: readonly string[]): number {
  const letter = typeof value === 'string' && /^[A-Z]$/.test(value.trim()) ? LETTERS.indexOf(value.trim()) : null;
  const place = letter ?? (typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value);
  if (typeof place === 'number' && Number.isInteger(place) && place >= 0 && place < choices.length) return place;
  throw new DataValidationError(
    `${name}: must be the place of one of the ${choices.length} choices or its letter, not ${kindOf(value)}`,
  );
}
