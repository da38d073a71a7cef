// Rows that compare a chosen answer with a rejected one: the conversation that ends in the chosen one.

import type { Message } from '../../renderers/types.ts';
import { DataValidationError } from '../../util/errors.ts';
import type { JsonObject } from '../../util/json.ts';
import { alpacaQuestion } from './alpaca.ts';
import { field, lacking } from './fields.ts';
import type { MessageList } from './messages.ts';
import type { OptionSpelling } from './options.ts';
import { turnsOf, withSystem } from './turns.ts';

/** `chosen` is the answer to what the row asks, or the whole conversation with the question in it. */
export function parsePreference(row: JsonObject, { columns }: OptionSpelling): MessageList {
  for (const name of ['chosen', 'rejected']) if (field(row, name) === undefined) throw lacking(row, name);
  const asked = questionOf(row);
  if (asked === null && typeof field(row, 'chosen') === 'string') {
    throw new DataValidationError('chosen: is a text, and the row has no "prompt" that it answers', {
      hint: `Give the question as "prompt" (${columns({ prompt: 'NAME' })} for a column of another name), or "chosen" as a list of messages.`,
    });
  }
  const chosen = turnsOf(field(row, 'chosen'), 'assistant', 'chosen');
  const isWhole = chosen.messages[0]?.role !== 'assistant';
  if (isWhole && asked !== null && !includesQuestion(chosen.messages, asked.messages))
    throw new DataValidationError('chosen: is a whole conversation, and not one that holds what the row asks');
  const before = isWhole || asked === null ? [] : asked.messages;
  return {
    messages: withSystem(row, [...before, ...chosen.messages]),
    ignored: [...(asked?.ignored ?? []), ...chosen.ignored],
  };
}

/** Null where the row holds nothing but answers. */
function questionOf(row: JsonObject): MessageList | null {
  if (field(row, 'instruction') !== undefined) return { messages: alpacaQuestion(row), ignored: [] };
  for (const name of ['prompt', 'messages', 'conversations']) {
    const value = field(row, name);
    if (value !== undefined && value !== null) return turnsOf(value, 'user', name);
  }
  return null;
}

function includesQuestion(whole: readonly Message[], question: readonly Message[]): boolean {
  return question.every(({ role, content }) =>
    whole.some((message) => message.role === role && JSON.stringify(message.content) === JSON.stringify(content)),
  );
}
