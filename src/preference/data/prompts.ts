// Prompts from a file: of a conversation what stands before the last reply, what a row calls `prompt` or `question`, or that of a
// comparison.

import type { FieldProblem } from '../../registry/builder.ts';
import type { Message } from '../../renderers/types.ts';
import { checkRowFile } from '../../supervised/check_rows.ts';
import { field, lacking } from '../../supervised/data/fields.ts';
import { conversationReader } from '../../supervised/data/formats.ts';
import { parseMessages } from '../../supervised/data/messages.ts';
import type { OnBadRow } from '../../supervised/data/options.ts';
import { type RowPlace, readRows } from '../../supervised/data/rows.ts';
import { DataValidationError } from '../../util/errors.ts';
import type { JsonObject } from '../../util/json.ts';
import { permutation } from '../../util/permutation.ts';
import type { PROMPT_FORMATS } from './comparison_params.ts';
import { comparisonReader } from './rows.ts';

type PromptFormat = (typeof PROMPT_FORMATS)[number];

interface PromptFile {
  file_path: string;
  format: PromptFormat;
  on_bad_row: OnBadRow;
}

export interface FileListener {
  warn(message: string): void;
  notify?(message: string): void;
  signal?: AbortSignal;
}

/** The prompts of a file, each once, some held out: always the same, whatever the seed of the run. */
export async function readPrompts(
  { file_path: file, format, on_bad_row: onBadRow, test_size }: PromptFile & { test_size: number },
  listener: FileListener,
): Promise<{ train: Message[][]; test: Message[][] }> {
  const rows = await readRows(file, { onBadRow, ...listener }, promptReader(format));
  const distinct = new Map(rows.filter((row) => row !== null).map((prompt) => [JSON.stringify(prompt), prompt]));
  const prompts = [...distinct.values()];
  if (test_size >= prompts.length) {
    throw new DataValidationError(
      `${file}: test_size ${test_size} leaves none of its ${prompts.length} prompts to train on`,
      {
        hint: 'Hold out fewer.',
      },
    );
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
  { file_path, format, on_bad_row }: PromptFile,
  look: (prompt: Message[]) => unknown = () => undefined,
): Promise<FieldProblem[]> {
  const read = promptReader(format);
  return await checkRowFile('file_path', file_path, (row, place) => look(read(row, place)), on_bad_row);
}

const ANYWHERE: RowPlace = { unit: 'row', number: 1 };

/** Columns that hold a prompt where a row has no reply: a text, or messages. */
const PROMPT_COLUMNS = ['prompt', 'question'] as const;
/** A row with one of them is a conversation. */
const CONVERSATION_COLUMNS = ['messages', 'conversations', 'conversation', 'completion', 'chosen', 'rejected'];

/** The first row of a file decides how it is read. */
function promptReader(format: PromptFormat): (row: JsonObject, place?: RowPlace) => Message[] {
  if (format === 'comparisons') {
    const read = comparisonReader({ format: 'auto', columns: null });
    return (row) => read(row).comparison.prompt_conversation;
  }
  const reader = conversationReader({ format, columns: null });
  let column: string | null | undefined = format === 'auto' ? undefined : null;
  return (row, place = ANYWHERE) => {
    const found = promptColumnOf(row);
    if (column === undefined) column = found;
    if (column !== null) return promptOf(row, column);
    const { messages } = reader.read(row, place);
    const prompt = messages.at(-1)?.role === 'assistant' ? messages.slice(0, -1) : messages;
    if (prompt.length === 0) throw new DataValidationError('the row has no message before the reply');
    return prompt;
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
