// Prompts from a file of conversations, each what stands before the last reply, or from one of comparisons.

import type { FieldProblem } from '../registry/builder.ts';
import type { Message } from '../renderers/types.ts';
import { checkRowFile } from '../supervised/check_rows.ts';
import { conversationReader } from '../supervised/data/formats.ts';
import type { OnBadRow } from '../supervised/data/options.ts';
import { type RowPlace, readRows } from '../supervised/data/rows.ts';
import { DataValidationError } from '../util/errors.ts';
import type { JsonObject } from '../util/json.ts';
import { permutation } from '../util/permutation.ts';
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

export async function checkPrompts({ file_path, format, on_bad_row }: PromptFile): Promise<FieldProblem[]> {
  return await checkRowFile('file_path', file_path, promptReader(format), on_bad_row);
}

const ANYWHERE: RowPlace = { unit: 'row', number: 1 };

function promptReader(format: PromptFormat): (row: JsonObject, place?: RowPlace) => Message[] {
  if (format === 'comparisons') {
    const read = comparisonReader({ format: 'auto', columns: null });
    return (row) => read(row).comparison.prompt_conversation;
  }
  const reader = conversationReader({ format, columns: null });
  return (row, place = ANYWHERE) => {
    const { messages } = reader.read(row, place);
    const prompt = messages.at(-1)?.role === 'assistant' ? messages.slice(0, -1) : messages;
    if (prompt.length === 0) throw new DataValidationError('the row has no message before the reply');
    return prompt;
  };
}
