// Prompts from a file: of a conversation what stands before the last reply, what a row calls `prompt` or `question`, or that of a
// comparison.

import { isAtHand } from '../../hub/locate_rows.ts';
import type { FieldProblem } from '../../registry/builder.ts';
import type { Message } from '../../renderers/types.ts';
import { checkRowFile } from '../../supervised/check_rows.ts';
import { field, lacking } from '../../supervised/data/fields.ts';
import { conversationReader } from '../../supervised/data/formats.ts';
import { parseMessages } from '../../supervised/data/messages.ts';
import type { DataFormat, OnBadRow } from '../../supervised/data/options.ts';
import { attempt, type RowPlace, readRows, sourceRows } from '../../supervised/data/rows.ts';
import { DataValidationError } from '../../util/errors.ts';
import { shortPath } from '../../util/files.ts';
import type { JsonObject } from '../../util/json.ts';
import { permutation } from '../../util/permutation.ts';
import type { PROMPT_FORMATS } from './comparison_params.ts';
import type { FileListener } from './read_comparisons.ts';
import { comparisonFormatOf, comparisonReader } from './rows.ts';

type PromptFormat = (typeof PROMPT_FORMATS)[number];

interface PromptFile {
  file_path: string;
  format: PromptFormat;
  on_bad_row: OnBadRow;
}

/** The prompts of a file, each once, some held out: always the same, whatever the seed of the run. */
export async function readPrompts(
  { file_path: file, format, on_bad_row: onBadRow, test_size }: PromptFile & { test_size: number },
  listener: FileListener,
): Promise<{ train: Message[][]; test: Message[][] }> {
  const reader = promptReader(format);
  const rows = await readRows(file, { onBadRow, ...listener }, reader.read);
  if (format === 'auto' && reader.readAs() !== null)
    listener.notify?.(`${shortPath(file)}: read as ${reader.readAs()}, of which the prompts are asked`);
  const distinct = new Map(rows.filter((row) => row !== null).map((prompt) => [JSON.stringify(prompt), prompt]));
  const prompts = [...distinct.values()];
  if (test_size >= prompts.length) {
    throw new DataValidationError(noneLeft(file, test_size, prompts.length), { hint: 'Hold out fewer.' });
  }
  const shuffled = heldOutFirst(prompts);
  return { train: shuffled.slice(test_size), test: shuffled.slice(0, test_size) };
}

/** The distinct prompts of a file in the order in which they are held out. */
export function heldOutFirst<T>(prompts: readonly T[]): T[] {
  return permutation(prompts.length, [0]).map((index) => prompts[index]);
}

/** @param look what is done with a prompt, which may throw */
export async function checkPrompts(
  { file_path, format, on_bad_row, test_size = 0 }: PromptFile & { test_size?: number },
  look: (prompt: Message[]) => unknown = () => undefined,
): Promise<FieldProblem[]> {
  const reader = promptReader(format);
  const problems = await checkRowFile(
    'file_path',
    file_path,
    (row, place) => look(reader.read(row, place)),
    on_bad_row,
  );
  if (problems.length > 0 || test_size === 0 || test_size > COUNTED || !(await isAtHand(file_path))) return problems;
  const prompts = await countDistinct(file_path, promptReader(format), test_size + 1);
  if (prompts > test_size) return [];
  return [{ field: 'test_size', message: noneLeft(file_path, test_size, prompts) }];
}

/** How many prompts of a file differ, at most `limit`, among its first rows. Rows that cannot be read hold none. */
async function countDistinct(file: string, reader: PromptReader, limit: number): Promise<number> {
  const distinct = new Set<string>();
  for await (const row of sourceRows(file, () => undefined)) {
    const outcome = attempt(row, reader.read);
    if ('value' in outcome) distinct.add(JSON.stringify(outcome.value));
    if (distinct.size === limit) break;
  }
  return distinct.size;
}

function noneLeft(file: string, testSize: number, prompts: number): string {
  return `${shortPath(file)}: test_size ${testSize} leaves none of its ${prompts} prompts to train on`;
}

/** Prompts that are counted to see whether any is left beside the held-out ones. */
const COUNTED = 1000;

const ANYWHERE: RowPlace = { unit: 'row', number: 1 };

/** Columns that hold a prompt where a row has no reply: a text, or messages. */
const PROMPT_COLUMNS = ['prompt', 'question'] as const;
/** A row with one of them is a conversation. */
const CONVERSATION_COLUMNS = ['messages', 'conversations', 'conversation', 'completion', 'chosen', 'rejected'];

interface PromptReader {
  read(row: JsonObject, place?: RowPlace): Message[];
  /** What the rows were taken for; null before the first. */
  readAs(): string | null;
}

/** The first row of a file decides how it is read. */
function promptReader(format: PromptFormat): PromptReader {
  if (format === 'comparisons') return promptsOfComparisons();
  const conversations = promptsOfConversations(format);
  let reader = format === 'auto' ? null : conversations;
  return {
    read(row, place) {
      reader ??= readerFor(row) ?? conversations;
      return reader.read(row, place);
    },
    readAs: () => reader?.readAs() ?? null,
  };
}

/** What reads a file whose first row is no conversation; null where it is one. */
function readerFor(row: JsonObject): PromptReader | null {
  const column = promptColumnOf(row);
  if (column !== null) return { read: (row) => promptOf(row, column), readAs: () => `rows with a "${column}"` };
  const compared = comparisonFormatOf(row);
  const has = (name: string) => field(row, name) !== undefined;
  // Two answers beside a prompt, or two whole conversations, are conversations too, of the format preference.
  const isConversation =
    has('messages') ||
    (compared === 'chosen_rejected' && has('chosen') && (has('prompt') || has('instruction') || !has('question')));
  return compared === null || isConversation ? null : promptsOfComparisons();
}

function promptsOfComparisons(): PromptReader {
  const reader = comparisonReader({ format: 'auto', columns: null });
  return {
    read: (row) => reader.read(row).comparison.prompt_conversation,
    readAs: () => (reader.format() === null ? null : `comparisons (${reader.format()})`),
  };
}

function promptsOfConversations(format: DataFormat): PromptReader {
  const reader = conversationReader({ format, columns: null });
  return {
    read(row, place = ANYWHERE) {
      const { messages } = reader.read(row, place);
      const prompt = messages.at(-1)?.role === 'assistant' ? messages.slice(0, -1) : messages;
      if (prompt.length === 0) throw new DataValidationError('the row has no message before the reply');
      return prompt;
    },
    readAs: reader.format,
  };
}

function promptColumnOf(row: JsonObject): string | null {
  if (CONVERSATION_COLUMNS.some((name) => field(row, name) !== undefined)) return null;
  return PROMPT_COLUMNS.find((name) => field(row, name) !== undefined) ?? null;
}

function promptOf(row: JsonObject, column: string): Message[] {
  const value = field(row, column);
  if (value === undefined) throw lacking(row, column);
  if (typeof value !== 'string') return parseMessages(value, column).messages;
  if (value.trim() === '') throw new DataValidationError(`"${column}" is empty`);
  return [{ role: 'user', content: value }];
}
