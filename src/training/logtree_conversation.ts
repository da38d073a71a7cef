// A conversation as a part of a log: who says what, with reasoning, calls of tools and pictures; as data for programs.

import type { ContentPart, Message } from '../renderers/types.ts';
import { element } from '../util/html.ts';
import type { JsonObject } from '../util/json.ts';
import { type LogtreeNode, text } from './logtree.ts';

export function conversation(messages: readonly Message[]): LogtreeNode {
  const data = { type: 'conversation', messages: messages.map(messageData) };
  return { ...element('div', { class: 'lt-conversation' }, messages.map(messageNode)), data };
}

function messageNode(message: Message): LogtreeNode {
  const { role, name, content, tool_calls = [], unparsed_tool_calls = [] } = message;
  const parts: readonly ContentPart[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  return element('div', { class: 'lt-message' }, [
    element('div', { class: 'lt-role' }, [name === undefined ? role : `${role} (${name})`]),
    ...parts.map(partNode),
    ...tool_calls.map(({ function: called }) => text(`${called.name}(${called.arguments})`, 'call')),
    ...unparsed_tool_calls.map(({ raw_text, error }) => text(`${raw_text}\n[not read as a call: ${error}]`, 'call')),
  ]);
}

/** What is no picture of the page's own is named and not shown: a page fetches nothing. */
const PICTURE = /^data:image\/(png|jpeg|webp);base64,[A-Za-z0-9+/]+=*$/;

function partNode(part: ContentPart): LogtreeNode {
  if (part.type === 'text') return text(part.text);
  if (part.type === 'thinking') return text(part.thinking, 'thinking');
  if (PICTURE.test(part.image)) return element('img', { class: 'lt-image', alt: 'picture', src: part.image });
  return text(`[picture, ${part.expected_tokens} tokens]`);
}

/** Under the names of the message's own fields; what a message lacks is left out. */
function messageData({ role, name, content, tool_calls, unparsed_tool_calls, tool_call_id }: Message): JsonObject {
  return {
    role,
    content: typeof content === 'string' ? content : content.map((part) => ({ ...part })),
    ...(name === undefined ? {} : { name }),
    ...(tool_call_id === undefined ? {} : { tool_call_id }),
    ...(tool_calls === undefined
      ? {}
      : { tool_calls: tool_calls.map((call) => ({ ...call, function: { ...call.function } })) }),
    ...(unparsed_tool_calls === undefined
      ? {}
      : { unparsed_tool_calls: unparsed_tool_calls.map((call) => ({ ...call })) }),
  };
}
