// Rows of a prompt and its completion, each a text or a list of messages.

import type { JsonObject } from '../../util/json.ts';
import { field, lacking } from './fields.ts';
import type { ConversationRow } from './messages.ts';
import { refuseUnwanted, turnsOf, withSystem } from './turns.ts';

export function parsePromptCompletion(row: JsonObject): ConversationRow {
  refuseUnwanted(row);
  for (const name of ['prompt', 'completion']) if (field(row, name) === undefined) throw lacking(row, name);
  const prompt = turnsOf(field(row, 'prompt'), 'user', 'prompt');
  const completion = turnsOf(field(row, 'completion'), 'assistant', 'completion');
  const messages = withSystem(row, [...prompt.messages, ...completion.messages]);
  return {
    messages,
    asked: messages.length - completion.messages.length,
    ignored: [...prompt.ignored, ...completion.ignored],
  };
}
