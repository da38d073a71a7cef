// Rows of completions that were judged one by one (TRL's unpaired preferences), and of rated ones (HelpSteer2).

import type { Message } from '../../renderers/types.ts';
import { renamed } from '../../supervised/data/columns.ts';
import { field, lacking, shown } from '../../supervised/data/fields.ts';
import type { ColumnNames } from '../../supervised/data/options.ts';
import { turnsOf, withSystem } from '../../supervised/data/turns.ts';
import { DataValidationError } from '../../util/errors.ts';
import type { JsonObject, JsonValue } from '../../util/json.ts';

export const UNPAIRED_COLUMNS = ['system', 'prompt', 'completion', 'label'] as const;
export const RATED_COLUMNS = ['system', 'prompt', 'response', 'helpfulness'] as const;

export interface JudgedCompletion {
  prompt: Message[];
  completion: Message[];
  wanted: boolean;
}

/** `{"prompt": …, "completion": …, "label": true | false}`; prompt and completion are texts or lists of messages. */
export function unpairedReader({ columns }: { columns: ColumnNames | null }): (row: JsonObject) => JudgedCompletion {
  return (given) => {
    const row = renamed(given, columns);
    const answered = answerOf(row, 'completion');
    const wanted = required(row, 'label');
    if (typeof wanted !== 'boolean') {
      throw new DataValidationError(`label: must be true or false, not ${shown(wanted)}`, {
        hint: 'true: such completions are wanted; false: they are not. Labels of other kinds have to be written so.',
      });
    }
    return { ...answered, wanted };
  };
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
    const answered = answerOf(row, 'response');
    const rating = required(row, 'helpfulness');
    if (typeof rating !== 'number') {
      throw new DataValidationError(`helpfulness: must be a number, not ${shown(rating)}`);
    }
    return { ...answered, rating };
  };
}

function answerOf(row: JsonObject, name: 'completion' | 'response'): { prompt: Message[]; completion: Message[] } {
  const prompt = required(row, 'prompt');
  const asked = typeof prompt === 'string' ? turnsOfText(prompt) : turnsOf(prompt, 'user', 'prompt').messages;
  const completion = turnsOf(required(row, name), 'assistant', name).messages;
  const first = completion[0]?.role ?? 'nothing';
  if (first !== 'assistant')
    throw new DataValidationError(`${name}: begins with ${first}, and not with a reply of the assistant`);
  return { prompt: withSystem(row, asked), completion };
}

function required(row: JsonObject, name: string): JsonValue {
  const value = field(row, name);
  if (value === undefined) throw lacking(row, name);
  return value;
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
