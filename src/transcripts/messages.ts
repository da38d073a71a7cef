// Messages of other programs as text: what was said, reasoning and calls of tools spelled out, pictures named.

import { isJsonObject, type JsonValue, objectOf, textOf } from '../util/json.ts';
import type { TranscriptMessage } from './transcript.ts';

/** Of a list of messages, those that are any. */
export function messagesFrom(value: JsonValue | undefined): TranscriptMessage[] {
  return Array.isArray(value) ? value.flatMap((each) => messageFrom(each) ?? []) : [];
}

/** Null for what is no message. */
export function messageFrom(value: JsonValue | undefined): TranscriptMessage | null {
  if (!isJsonObject(value)) return null;
  const { role, content, tool_calls, unparsed_tool_calls } = value;
  if (typeof role !== 'string') return null;
  const calls = Array.isArray(tool_calls) ? tool_calls.map(callText) : [];
  const unread = Array.isArray(unparsed_tool_calls) ? unparsed_tool_calls.map(unreadCallText) : [];
  return { role, text: [contentText(content), ...calls, ...unread].filter((part) => part !== '').join('\n') };
}

function contentText(content: JsonValue | undefined): string {
  if (typeof content === 'string') return content;
  return Array.isArray(content) ? content.map(partText).join('') : '';
}

function partText(part: JsonValue): string {
  if (typeof part === 'string') return part;
  const { type, text, thinking, tool_call } = objectOf(part);
  if (typeof text === 'string') return text;
  if (typeof thinking === 'string') return `<think>${thinking}</think>`;
  if (type === 'tool_call') return callText(tool_call);
  if (type === 'unparsed_tool_call') return unreadCallText(part);
  return typeof type === 'string' ? `[${type}]` : '';
}

function callText(call: JsonValue | undefined): string {
  const { name, arguments: args } = objectOf(objectOf(call).function);
  return `${textOf(name) ?? 'tool'}(${typeof args === 'string' ? args : JSON.stringify(args ?? {})})`;
}

function unreadCallText(call: JsonValue | undefined): string {
  const { raw_text, error } = objectOf(call);
  return `${textOf(raw_text) ?? ''}\n[not read as a call: ${textOf(error) ?? 'no reason'}]`;
}
