// Messages as OpenAI's API and the data files of most tools have them.

import type { JsonObject } from '../util/json.ts';
import { checkMessage } from './checked.ts';
import { thoughtAndSaid } from './content.ts';
import type { Message } from './types.ts';

/**
 * Text joined into one string, reasoning as `reasoning_content` (to_openai_message of the Python cookbook). Calls that could
 * not be read stay out: no API has a place for them. `fromOpenaiMessages` is the way back.
 * @throws RendererError for a picture, and for what is no message
 */
export function toOpenaiMessage(message: Message): JsonObject {
  checkMessage(message, 'message');
  const { role, tool_calls = [], tool_call_id, name } = message;
  const { thinking, text } = thoughtAndSaid(message);
  return {
    role,
    content: text,
    ...(thinking === '' ? {} : { reasoning_content: thinking }),
    ...(tool_calls.length === 0
      ? {}
      : { tool_calls: tool_calls.map(({ type, id, function: f }) => ({ type, id, function: { ...f } })) }),
    ...(tool_call_id === undefined ? {} : { tool_call_id }),
    ...(name === undefined ? {} : { name }),
  };
}
