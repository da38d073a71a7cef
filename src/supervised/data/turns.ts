// What the formats of single questions and answers share: texts or lists of messages as turns, and the system message.

import type { Message } from '../../renderers/types.ts';
import { DataValidationError } from '../../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../util/json.ts';
import { field, optionalText } from './fields.ts';
import { type MessageList, parseMessages } from './messages.ts';
import { parseShareGpt } from './sharegpt.ts';

/** A text is what `role` says; a message or a list of messages, in either spelling, is taken as it is. */
export function turnsOf(value: JsonValue | undefined, role: 'user' | 'assistant', at: string): MessageList {
  if (typeof value === 'string') return { messages: [{ role, content: value }], ignored: [] };
  const list = isJsonObject(value) ? [value] : value;
  return isShareGptList(list) ? parseShareGpt(list, at) : parseMessages(list, at);
}

/** Whether a list holds messages with `from` and `value`. */
export function isShareGptList(value: JsonValue | undefined): boolean {
  const [first] = Array.isArray(value) ? value : [];
  return isJsonObject(first) && Object.hasOwn(first, 'from') && !Object.hasOwn(first, 'role');
}

/** Puts the row's `system` in front. A conversation that has a system message of its own must have the same. */
export function withSystem(row: JsonObject, messages: Message[]): Message[] {
  const content = optionalText(field(row, 'system'), 'system');
  if (content === null || content === '') return messages;
  const [first] = messages;
  if (first?.role !== 'system') return [{ role: 'system', content }, ...messages];
  if (first.content === content) return messages;
  throw new DataValidationError('system: differs from the system message that the conversation begins with');
}

/** Data of right and wrong answers one by one marks them by a flag; a wrong one is nothing to learn. */
export function refuseUnwanted(row: JsonObject): void {
  for (const flag of ['label', 'kto_tag']) {
    if (field(row, flag) === false)
      throw new DataValidationError(`${flag}: false marks an answer that is not wanted, and this would teach it`, {
        hint: 'Take such rows out, or set on_bad_row: skip to leave them out and have them counted.',
      });
  }
}
