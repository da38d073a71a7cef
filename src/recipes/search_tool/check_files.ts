// For `cookbook validate`: what is wrong with the first rows of the files of questions and of their corpus.

import type { FieldProblem } from '../../registry/builder.ts';
import { readPassage } from '../../retrieval/corpus_file.ts';
import { checkRowFile } from '../../supervised/check_rows.ts';
import type { OnBadRow } from '../../supervised/data/options.ts';
import { readQuestion } from './rows.ts';

export interface SearchFiles {
  corpus_path: string;
  /** By the names of their fields. */
  questions: Readonly<Record<string, string | null>>;
  on_bad_row: OnBadRow;
}

export async function checkSearchFiles({ corpus_path, questions, on_bad_row }: SearchFiles): Promise<FieldProblem[]> {
  const problems = await checkRowFile('corpus_path', corpus_path, (row) => readPassage(row, 0), 'error');
  for (const [field, file] of Object.entries(questions)) {
    if (file !== null) problems.push(...(await checkRowFile(field, file, readQuestion, on_bad_row)));
  }
  return problems;
}
