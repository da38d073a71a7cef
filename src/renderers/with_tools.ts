// A conversation with the tools that may be called in it.

import { ConfigurationError, RendererError } from '../util/errors.ts';
import { checkMessages, checkTools } from './checked.ts';
import { textOf } from './content.ts';
import { addedTo } from './train_on_what.ts';
import type { Message, Renderer, ToolSpec } from './types.ts';

/**
 * For environments that cannot do without: told before anything is trained, and not by every episode.
 * @throws ConfigurationError where the format has no tools
 */
export function requireTools(renderer: Renderer, what: string): void {
  try {
    renderer.createConversationPrefixWithTools([PROBE]);
  } catch (error) {
    if (!(error instanceof RendererError)) throw error;
    throw new ConfigurationError(`${what} needs a renderer with tools: ${error.message}`, {
      hint: 'Set renderer to one that has them (cookbook renderers), or model_name to a model whose chat template has.',
      cause: error,
    });
  }
}

const PROBE: ToolSpec = { name: 'probe', description: '', parameters: { type: 'object', properties: {} } };

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
