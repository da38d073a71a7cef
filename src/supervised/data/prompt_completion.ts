// Rows of a prompt and its completion, each a text or a list of messages.

import type { JsonObject } from '../../util/json.ts';
import { field, lacking } from './fields.ts';
import type { MessageList } from './messages.ts';
import { refuseUnwanted, turnsOf, withSystem } from './turns.ts';

export function parsePromptCompletion(row: JsonObject): MessageList {
  refuseUnwanted(row);
  for (const name of ['prompt', 'completion']) if (field(row, name) === undefined) throw lacking(row, name);
  const prompt = turnsOf(field(row, 'prompt'), 'user', 'prompt');
  const completion = turnsOf(field(row, 'completion'), 'assistant', 'completion');
  return {
    messages: withSystem(row, [...prompt.messages, ...completion.messages]),
    ignored: [...prompt.ignored, ...completion.ignored],
  };
}
