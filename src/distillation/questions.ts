// Questions from a file: a line of text each, or a conversation without the reply at its end.

import type { FieldProblem } from '../registry/builder.ts';
import type { Message } from '../renderers/types.ts';
import { checkRowFile } from '../supervised/check_rows.ts';
import { conversationReader } from '../supervised/data/formats.ts';
import { readLines } from '../supervised/data/lines.ts';
import type { ColumnNames, DataFormat, OnBadRow } from '../supervised/data/options.ts';
import { type ReadOptions, type RowPlace, readRows } from '../supervised/data/rows.ts';
import { DataFormatError, DataValidationError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import type { JsonObject } from '../util/json.ts';

interface QuestionFile {
  file_path: string;
  format: DataFormat;
  columns: ColumnNames | null;
  on_bad_row: OnBadRow;
}

/** In the order of the file. */
export async function readQuestions(file: QuestionFile, listener: Omit<ReadOptions, 'onBadRow'>): Promise<Message[][]> {
  const path = file.file_path;
  if (isText(path)) {
    const all = await readTextLines(path, listener.notify);
    const lines = all.map((line) => line.trim()).filter((line) => line !== '');
    if (lines.length === 0) throw new DataValidationError(`${shortPath(path)}: the file holds no question`);
    return lines.map((content) => [{ role: 'user', content }]);
  }
  const rows = await readRows(path, { onBadRow: file.on_bad_row, ...listener }, questionReader(file));
  const questions = rows.filter((row) => row !== null);
  if (questions.length > 0) return questions;
  throw new DataValidationError(`${shortPath(path)}: no row of the file holds a question`);
}

/** The lines of a text file, packed with gzip or not. Text that is no UTF-8 would be asked with its letters replaced: it is refused. */
export async function readTextLines(path: string, notify?: (message: string) => void): Promise<string[]> {
  const lines: string[] = [];
  for await (const { number, text, problem } of readLines(path, notify)) {
    if (problem !== null)
      throw new DataFormatError(`${shortPath(path)}:${number}: ${problem}`, { hint: 'Save the file as UTF-8 text.' });
    lines.push(text);
  }
  return lines;
}

const isText = (path: string): boolean => path.endsWith('.txt');

export async function checkQuestions(file: QuestionFile): Promise<FieldProblem[]> {
  if (isText(file.file_path)) return [];
  return await checkRowFile('file_path', file.file_path, questionReader(file), file.on_bad_row);
}

/** Throws a DataValidationError for a row without a question at its end. */
function questionReader({
  format,
  columns,
}: Pick<QuestionFile, 'format' | 'columns'>): (row: JsonObject, place: RowPlace) => Message[] {
  const reader = conversationReader({ format, columns });
  return (row, place) => {
    const { messages } = reader.read(row, place);
    const question = messages.at(-1)?.role === 'assistant' ? messages.slice(0, -1) : messages;
    if (question.at(-1)?.role === 'user') return question;
    throw new DataValidationError(
      `the row ends with ${question.at(-1)?.role ?? 'nothing'}, and not with a question of the user`,
    );
  };
}
