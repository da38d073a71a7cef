// A conversation with the tools that may be called in it.

import { checkMessages, checkTools } from './checked.ts';
import { textOf } from './content.ts';
import { addedTo } from './train_on_what.ts';
import type { Message, Renderer, ToolSpec } from './types.ts';

/** The declarations stand in front, with the system message if there is one. Nothing of them is learned. */
export function withTools(
  renderer: Renderer,
  messages: readonly Message[],
  tools: readonly ToolSpec[],
): readonly Message[] {
  checkMessages(messages);
  checkTools(tools);
  if (tools.length === 0) return messages;
  const [first, ...rest] = messages;
  const isSystem = first?.role === 'system';
  const prefix = renderer.createConversationPrefixWithTools(tools, isSystem ? textOf(first) : '');
  return [...prefix.map((message) => addedTo(messages, message)), ...(isSystem ? rest : messages)];
}
