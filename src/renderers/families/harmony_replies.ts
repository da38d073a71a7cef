// Sampled Harmony back to a message: its segments by channel and recipient.

import type { Tokenizer } from '../../tokenizers/types.ts';
import { callOfJson } from '../tool_calls.ts';
import type { ContentPart, Message, ParsedResponse, ToolCall, UnparsedToolCall } from '../types.ts';

export const START = '<|start|>';
export const MESSAGE = '<|message|>';
export const CHANNEL = '<|channel|>';
export const CONSTRAIN = '<|constrain|>';
export const END = '<|end|>';
export const RETURN = '<|return|>';
export const CALL = '<|call|>';

/**
 * A reply ends with `<|return|>` or `<|call|>`, and only there; else it is malformed and its whole text the content. What
 * stands in the analysis channel is reasoning, what goes to a function a call, everything else text.
 */
export function parseHarmony(tokens: readonly number[], tokenizer: Tokenizer): ParsedResponse {
  const text = tokenizer.decode(tokens, { continues: true });
  const ends = [RETURN, CALL].map((end) => tokenizer.tokenId(end));
  const end = tokens.findIndex((token) => ends.includes(token));
  const malformed: ParsedResponse = { message: { role: 'assistant', content: text }, termination: 'malformed' };
  if (end === -1 || tokens.slice(end + 1).some((token) => ends.includes(token))) return malformed;

  const parts: ContentPart[] = [];
  const calls: ToolCall[] = [];
  const unparsed: UnparsedToolCall[] = [];
  const said = tokenizer.decode(tokens.slice(0, end), { continues: true });
  for (const segment of said.split(END)) {
    const at = segment.indexOf(MESSAGE);
    if (at === -1) {
      if (segment.trim() !== '') parts.push({ type: 'text', text: segment });
      continue;
    }
    const { channel, recipient } = addressOf(segment.slice(0, at));
    const content = segment.slice(at + MESSAGE.length);
    if (recipient !== null) {
      const call = callOfJson({ id: null, name: recipient, json: content }, segment);
      if ('error' in call) unparsed.push(call);
      else calls.push(call);
    } else if (content !== '') {
      parts.push(channel === 'analysis' ? { type: 'thinking', thinking: content } : { type: 'text', text: content });
    }
  }
  const message: Message = {
    role: 'assistant',
    content: parts,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
    ...(unparsed.length > 0 ? { unparsed_tool_calls: unparsed } : {}),
  };
  return { message, termination: 'stop_sequence' };
}

/** The recipient stands before the channel or after it. */
function addressOf(header: string): { channel: string; recipient: string | null } {
  const channel = /<\|channel\|>\s*(\w+)/.exec(header)?.[1] ?? '';
  const recipient = /\bto=(?:functions\.)?([^\s<]+)/.exec(header)?.[1] ?? null;
  return { channel, recipient: recipient === 'assistant' ? null : recipient };
}
