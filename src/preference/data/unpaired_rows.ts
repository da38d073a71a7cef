// Rows of completions that were judged one by one (TRL's unpaired preferences), and of rated ones (HelpSteer2).

import type { Message } from '../../renderers/types.ts';
import { renamed } from '../../supervised/data/columns.ts';
import { field, lacking, misspellingHint, shown } from '../../supervised/data/fields.ts';
import { type ColumnNames, IN_A_SPEC } from '../../supervised/data/options.ts';
import { turnsOf, withSystem } from '../../supervised/data/turns.ts';
import { DataValidationError } from '../../util/errors.ts';
import type { JsonObject, JsonValue } from '../../util/json.ts';

export const UNPAIRED_COLUMNS = ['system', 'prompt', 'completion', 'label'] as const;
export const RATED_COLUMNS = ['system', 'prompt', 'response', 'helpfulness'] as const;
type Columns = typeof UNPAIRED_COLUMNS | typeof RATED_COLUMNS;

export interface JudgedCompletion {
  prompt: Message[];
  completion: Message[];
  wanted: boolean;
}

/** `{"prompt": …, "completion": …, "label": true | false}`; prompt and completion are texts or lists of messages. */
export function unpairedReader({ columns }: { columns: ColumnNames | null }): (row: JsonObject) => JudgedCompletion {
  return (given) => {
    const row = renamed(given, columns);
    const answered = answerOf(row, 'completion', UNPAIRED_COLUMNS);
    return { ...answered, wanted: labelOf(required(row, 'label', UNPAIRED_COLUMNS)) };
  };
}

/** As JSON has it, as a number, or as the text that exports of tables make of it. */
function labelOf(value: JsonValue): boolean {
  const said = typeof value === 'string' ? value.toLowerCase() : value;
  if (said === true || said === 1 || said === 'true') return true;
  if (said === false || said === 0 || said === 'false') return false;
  throw new DataValidationError(`label: must be true or false, not ${shown(value)}`, {
    hint: 'true (or 1) is a completion that is wanted, false (or 0) one that is not.',
  });
}

export interface RatedResponse {
  prompt: Message[];
  completion: Message[];
  rating: number;
}

/** `{"prompt": …, "response": …, "helpfulness": 3}`, several rows a prompt. */
export function ratedReader({ columns }: { columns: ColumnNames | null }): (row: JsonObject) => RatedResponse {
  return (given) => {
    const row = renamed(given, columns);
    const answered = answerOf(row, 'response', RATED_COLUMNS);
    const rating = required(row, 'helpfulness', RATED_COLUMNS);
    if (typeof rating !== 'number') {
      throw new DataValidationError(`helpfulness: must be a number, not ${shown(rating)}`);
    }
    return { ...answered, rating };
  };
}

function answerOf(
  row: JsonObject,
  name: 'completion' | 'response',
  columns: Columns,
): { prompt: Message[]; completion: Message[] } {
  const prompt = required(row, 'prompt', columns);
  const asked = typeof prompt === 'string' ? turnsOfText(prompt) : turnsOf(prompt, 'user', 'prompt').messages;
  const completion = turnsOf(required(row, name, columns), 'assistant', name).messages;
  const first = completion[0]?.role ?? 'nothing';
  if (first !== 'assistant')
    throw new DataValidationError(`${name}: begins with ${first}, and not with a reply of the assistant`);
  return { prompt: withSystem(row, asked), completion };
}

function required(row: JsonObject, name: string, columns: Columns): JsonValue {
  const value = field(row, name);
  if (value !== undefined) return value;
  const hint = hintFor(row, columns);
  throw hint === null ? lacking(row, name) : new DataValidationError(lacking(row, name).message, { hint });
}

/** Names that others give to the columns of such rows. */
const OTHER_NAMES: ReadonlyMap<string, readonly string[]> = new Map([
  ['prompt', ['question', 'query', 'instruction', 'input']],
  ['completion', ['response', 'answer', 'output', 'reply']],
  ['response', ['completion', 'answer', 'output', 'reply']],
  ['label', ['liked', 'wanted', 'thumbs_up']],
  ['helpfulness', ['rating', 'score', 'overall_score', 'quality']],
]);

/** How rows are read that lack a column: by another dataset, or by the names that theirs have. */
function hintFor(row: JsonObject, columns: Columns): string | null {
  const has = (...names: string[]) => names.every((name) => field(row, name) !== undefined);
  if (has('chosen', 'rejected')) return 'Such rows are comparisons: set dataset.builder=comparison_file.';
  if (columns === UNPAIRED_COLUMNS && has('response', 'helpfulness')) return 'Set dataset.builder=rated_file.';
  if (columns === RATED_COLUMNS && has('completion', 'label'))
    return 'Set dataset.builder=unpaired_file and loss_fn=kto.';
  const slip = misspellingHint(row, columns);
  if (slip !== null) return slip;
  const renames = columns.flatMap((column) => {
    const other = has(column) ? undefined : OTHER_NAMES.get(column)?.find((name) => has(name));
    return other === undefined ? [] : [[column, other] as const];
  });
  return renames.length === 0 ? null : `Set ${IN_A_SPEC.columns(Object.fromEntries(renames))}.`;
}

/** HelpSteer2 writes a prompt of several turns as one text, with a mark before each but the first. */
const MARK = /\n?<extra_id_1>(User|Assistant)\n/;

function turnsOfText(text: string): Message[] {
  const [first = '', ...pieces] = text.split(MARK);
  const others = Array.from(
    { length: pieces.length / 2 },
    (_, i): Message => ({
      role: pieces[2 * i] === 'User' ? 'user' : 'assistant',
      content: pieces[2 * i + 1] ?? '',
    }),
  );
  return [{ role: 'user', content: first }, ...others];
}
