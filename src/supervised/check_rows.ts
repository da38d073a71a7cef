// The first rows of a data file, looked at without training on them: what `cookbook validate` tells of a dataset.

import type { Renderer, TrainOnWhat } from '../renderers/types.ts';
import { CookbookError } from '../util/errors.ts';
import type { JsonObject } from '../util/json.ts';
import { type ConversationReader, conversationReader } from './data/formats.ts';
import { readLines } from './data/lines.ts';
import { attempt, errorAt, type RowPlace, sourceRows } from './data/rows.ts';
import type { ConversationFileParams, TextFileParams } from './dataset_params.ts';
import { renderRow } from './render_row.ts';
import { documentOf, holdsRows } from './text_file.ts';

/** Enough to see what kind of file it is, little enough to take no time. */
const LOOKED_AT = 20;
/** Rows of one file are mostly wrong in one way. */
const TOLD = 3;

type Checked = Pick<ConversationFileParams, 'file_path' | 'test_file_path' | 'train_on_what' | 'on_bad_row'>;

/** Problems with the rows of a conversations file, and of its test file; with a renderer, also whether they can be rendered. */
export async function checkConversations(
  { file_path, test_file_path, train_on_what: trainOnWhat, on_bad_row }: Checked,
  renderer: Renderer | null | undefined,
  readerOfFile: () => ConversationReader,
): Promise<string[]> {
  const problems: string[] = [];
  for (const file of test_file_path === null ? [file_path] : [file_path, test_file_path]) {
    const read = readerOf(readerOfFile(), renderer ?? null, trainOnWhat);
    problems.push(...(await firstProblems(file, read, on_bad_row === 'skip')));
  }
  return problems;
}

export async function checkConversationFile(
  params: ConversationFileParams,
  renderer: Renderer | null | undefined,
): Promise<string[]> {
  return await checkConversations(params, renderer, () => conversationReader(params));
}

export async function checkTextFile({ file_path: file }: TextFileParams): Promise<string[]> {
  return await told(async () => {
    if (await holdsRows(file)) return await firstProblems(file, documentOf, false);
    let lines = 0;
    for await (const { number, problem } of readLines(file)) {
      if (problem !== null) return [`${file}:${number}: ${problem}`];
      if (++lines === LOOKED_AT) break;
    }
    return lines === 0 ? [`${file}: the file holds no text`] : [];
  });
}

function readerOf(reader: ConversationReader, renderer: Renderer | null, trainOnWhat: TrainOnWhat) {
  return (row: JsonObject, place: RowPlace): void => {
    const conversation = reader.read(row, place);
    if (renderer !== null) renderRow(conversation, { renderer, trainOnWhat });
  };
}

/** Bad rows that are to be skipped are a problem only where no row is left. */
async function firstProblems(
  file: string,
  read: (row: JsonObject, place: RowPlace) => unknown,
  skipsBadRows: boolean,
): Promise<string[]> {
  return await told(async () => {
    const problems: string[] = [];
    let rows = 0;
    for await (const row of sourceRows(file, () => undefined)) {
      const outcome = attempt(row, read);
      if ('problem' in outcome) problems.push(sentence(errorAt(file, row, outcome.problem)));
      if (++rows === LOOKED_AT) break;
    }
    if (rows === 0) return [`${file}: the file is empty`];
    if (skipsBadRows && problems.length < rows) return [];
    const more = problems.length - TOLD;
    return [
      ...problems.slice(0, TOLD),
      ...(more > 0 ? [`${file}: so are ${more} more of its first ${rows} rows`] : []),
    ];
  });
}

/** What keeps the file from being read at all is a problem like any. */
async function told(look: () => Promise<string[]>): Promise<string[]> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof CookbookError) return [sentence(error)];
    throw error;
  }
}

function sentence({ message, hint }: CookbookError): string {
  return hint === undefined ? message : `${message}. ${hint}`;
}
