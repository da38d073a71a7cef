// The first rows of a data file, looked at without training on them: what `cookbook validate` tells of a dataset.

import { isAtHand } from '../hub/locate_rows.ts';
import type { FieldProblem } from '../registry/builder.ts';
import type { Renderer } from '../renderers/types.ts';
import { CookbookError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import type { JsonObject } from '../util/json.ts';
import { type BatchRule, checkBatching } from './batches.ts';
import { type ConversationReader, conversationReader } from './data/formats.ts';
import { readLines } from './data/lines.ts';
import type { OnBadRow } from './data/options.ts';
import { attempt, errorAt, type RowPlace, sourceRows } from './data/rows.ts';
import type { ConversationFileParams, TextFileParams } from './dataset_params.ts';
import { noRowsLeft } from './split_rows.ts';
import { documentOf, holdsRows } from './text_file.ts';
import { checkTrainedChoice, renderTrained, type TrainedChoice } from './trained_messages.ts';

/** Enough to see what kind of file it is, little enough to take no time. */
const LOOKED_AT = 20;
/** Rows that are counted, and not looked at, to see whether any is left beside the held-out ones. */
const COUNTED = 1000;
/** Kinds of problems that are told of one file. */
const TOLD = 3;

type Files = Pick<ConversationFileParams, 'file_path'> &
  Partial<Pick<ConversationFileParams, 'test_file_path' | 'test_size' | 'on_bad_row'>>;
type Checked = Files & Partial<TrainedChoice> & { max_length?: number | null };
/** Throws for a row that cannot be used. */
type Look = (row: JsonObject, place: RowPlace) => unknown;

/** What a look gives of a row that is fine and yet left out, for being longer than the spec allows. */
export const TOO_LONG = Symbol('too long');

const noneFits = (rows: number) =>
  rows === 1
    ? 'its one row is longer than the spec allows, so that nothing is left to train on; raise the bound on its tokens (max_length, max_prompt_tokens)'
    : `all of its ${rows} rows that can be read are longer than the spec allows, so that nothing is left to train on; raise the bound on their tokens (max_length, max_prompt_tokens)`;

/** What is wrong with the rows of a conversations file, and of its test file; with a renderer, also whether it takes them. */
export async function checkConversations(
  params: Checked,
  renderer: Renderer | null | undefined,
  readerOfFile: () => ConversationReader,
): Promise<FieldProblem[]> {
  const choice = { ...params, train_on_what: params.train_on_what ?? 'all_assistant_messages' };
  const contradictions = await messagesOf(async () => {
    checkTrainedChoice(choice, renderer ?? null);
    return [];
  });
  if (contradictions.length > 0) return contradictions.map((message) => ({ field: 'train_on_what', message }));
  return await checkRowFiles(params, () => readerOf(readerOfFile(), renderer ?? null, choice));
}

/** What is wrong with the first rows of a file and of its test file, and whether any row is left to train on. */
export async function checkRowFiles(
  { file_path, test_file_path = null, test_size: testSize = 0, on_bad_row: onBadRow = 'error' }: Files,
  lookOfFile: () => Look,
): Promise<FieldProblem[]> {
  const problems: FieldProblem[] = [];
  for (const [field, file] of Object.entries({ file_path, test_file_path })) {
    if (file === null || !(await isAtHand(file))) continue;
    const found = await checkRowFile(field, file, lookOfFile(), onBadRow);
    problems.push(...found);
    if (field === 'test_file_path' || testSize === 0 || testSize > COUNTED || found.length > 0) continue;
    const rows = await countRows(file, testSize + 1);
    if (rows <= testSize) problems.push({ field: 'test_size', message: noRowsLeft(file, testSize, rows) });
  }
  return problems;
}

export async function checkConversationFile(
  params: Checked &
    Pick<ConversationFileParams, 'format' | 'columns'> &
    Partial<Pick<ConversationFileParams, 'message_field_training'>>,
  renderer: Renderer | null | undefined,
): Promise<FieldProblem[]> {
  return await checkConversations(params, renderer, () => conversationReader(params));
}

/** What is wrong with the way in which batches are made. */
export async function checkBatches(rule: BatchRule): Promise<FieldProblem[]> {
  const messages = await messagesOf(async () => {
    checkBatching(rule);
    return [];
  });
  return messages.map((message) => ({ field: 'batch_size', message }));
}

/** What is wrong with the first rows of a file that a field names. One that would have to be downloaded is not looked at. */
export async function checkRowFile(
  field: string,
  file: string,
  look: Look,
  onBadRow: OnBadRow,
): Promise<FieldProblem[]> {
  if (!(await isAtHand(file))) return [];
  const messages = await messagesOf(() => firstProblems(file, look, onBadRow === 'skip'));
  return messages.map((message) => ({ field, message }));
}

export async function checkTextFile({ file_path: file }: TextFileParams): Promise<FieldProblem[]> {
  if (!(await isAtHand(file))) return [];
  const messages = await messagesOf(async () =>
    (await holdsRows(file)) ? await firstProblems(file, documentOf, false) : await firstLineProblems(file),
  );
  return messages.map((message) => ({ field: 'file_path', message }));
}

function readerOf(
  reader: ConversationReader,
  renderer: Renderer | null,
  { max_length: maxLength = null, ...choice }: TrainedChoice & { max_length?: number | null },
): Look {
  return (row, place) => {
    const conversation = reader.read(row, place);
    if (renderer === null) return;
    const { weights } = renderTrained(conversation, renderer, choice);
    const first = weights.findIndex((weight) => weight > 0);
    return maxLength !== null && first >= maxLength ? TOO_LONG : null;
  };
}

/** Rows of a file are mostly wrong in one way, which is told once. Bad rows that are to be skipped count if no other is left. */
async function firstProblems(file: string, read: Look, skipsBadRows: boolean): Promise<string[]> {
  const kinds = new Map<string, { first: string; more: number }>();
  let rows = 0;
  let bad = 0;
  let tooLong = 0;
  for await (const row of sourceRows(file, () => undefined)) {
    const outcome = attempt(row, read);
    if ('problem' in outcome) {
      const { message } = outcome.problem;
      const known = kinds.get(message);
      if (known === undefined)
        kinds.set(message, { first: sentence(errorAt(shortPath(file), row, outcome.problem)), more: 0 });
      else known.more += 1;
      bad += 1;
    } else if (outcome.value === TOO_LONG) tooLong += 1;
    rows += 1;
    if (rows === LOOKED_AT) break;
  }
  // Of a longer file other rows may be left.
  if (rows < LOOKED_AT && tooLong > 0 && tooLong + bad === rows)
    kinds.set('', { first: `${shortPath(file)}: ${noneFits(tooLong)}`, more: 0 });
  if (rows === 0) return [`${shortPath(file)}: the file is empty`];
  if (skipsBadRows && bad + tooLong < rows) return [];
  return [...kinds.values()]
    .slice(0, TOLD)
    .map(({ first, more }) =>
      more === 0
        ? first
        : `${first} (${more} more of the first ${rows} rows ${more === 1 ? 'has' : 'have'} the same fault)`,
    );
}

/** @returns how many rows there are, at most `limit` */
async function countRows(file: string, limit: number): Promise<number> {
  let rows = 0;
  for await (const _ of sourceRows(file, () => undefined)) {
    rows += 1;
    if (rows === limit) break;
  }
  return rows;
}

async function firstLineProblems(file: string): Promise<string[]> {
  let lines = 0;
  for await (const { number, problem } of readLines(file)) {
    if (problem !== null) return [`${shortPath(file)}:${number}: ${problem}`];
    lines += 1;
    if (lines === LOOKED_AT) break;
  }
  return lines === 0 ? [`${shortPath(file)}: the file holds no text`] : [];
}

/** What keeps a file from being read at all is a problem like any. */
async function messagesOf(look: () => Promise<string[]>): Promise<string[]> {
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
