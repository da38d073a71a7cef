// Files of problems with their answers: every row is held against what is expected of it where it enters.

import type { FieldProblem } from '../../registry/builder.ts';
import { checkRowFile } from '../../supervised/check_rows.ts';
import { field, lacking, requiredText } from '../../supervised/data/fields.ts';
import type { OnBadRow } from '../../supervised/data/options.ts';
import { readRows } from '../../supervised/data/rows.ts';
import { DataValidationError } from '../../util/errors.ts';
import type { JsonObject } from '../../util/json.ts';

export interface QuestionAndAnswer {
  question: string;
  answer: string;
}

/** @throws DataValidationError that names the field */
export type ReadProblem<P = QuestionAndAnswer> = (row: JsonObject) => P;

/** What `read` makes of a field, whose name an error of it then begins with. */
export function inField<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DataValidationError)) throw error;
    throw new DataValidationError(`${name}: ${error.message}`, {
      cause: error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}

/** The text of a field that every row has. */
export function textIn(row: JsonObject, name: string): string {
  const value = field(row, name);
  if (value === undefined) throw lacking(row, name);
  const text = requiredText(value, name);
  if (text.trim() === '') throw new DataValidationError(`${name}: is empty`);
  return text;
}

export interface ProblemFileContext {
  warn(message: string): void;
  notify?(message: string): void;
  signal?: AbortSignal;
}

/** The problems of a file, at most so many of the first; null = all. Rows that are skipped are warned of. */
export async function readProblems<P>(
  file: string,
  read: ReadProblem<P>,
  { on_bad_row: onBadRow, limit }: { on_bad_row: OnBadRow; limit: number | null },
  context: ProblemFileContext,
): Promise<P[]> {
  const rows = await readRows(file, { ...context, onBadRow }, read);
  const problems = rows.filter((row) => row !== null).slice(0, limit ?? undefined);
  if (problems.length === 0) throw new DataValidationError(`${file}: none of its ${rows.length} rows can be used`);
  return problems;
}

/** For `cookbook validate`: what is wrong with the first rows of the files that fields name. */
export async function checkProblemFiles(
  files: Readonly<Record<string, string | null>>,
  read: ReadProblem<unknown>,
  onBadRow: OnBadRow,
): Promise<FieldProblem[]> {
  const problems: FieldProblem[] = [];
  for (const [field, file] of Object.entries(files)) {
    if (file !== null) problems.push(...(await checkRowFile(field, file, read, onBadRow)));
  }
  return problems;
}
