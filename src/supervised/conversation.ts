// One row of a conversations file: from JSON to messages, with every field checked.

import { closestNames } from '../registry/suggest.ts';
import { spacedJson } from '../renderers/parsing.ts';
import type { ContentPart, Message, ToolCall } from '../renderers/types.ts';
import { DataValidationError } from '../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';

const ROLES = ['system', 'developer', 'user', 'assistant', 'tool'];
const FIELDS = ['role', 'content', 'reasoning_content', 'tool_calls', 'tool_call_id', 'name', 'trainable'];

export interface ConversationRow {
  messages: Message[];
  /** Fields of messages that mean nothing here. */
  ignored: string[];
}

/**
 * Reads `{"messages": [{"role": …, "content": …}, …]}`; other fields of the row are the data's own. `reasoning_content`
 * becomes a thinking part. Throws a DataValidationError that names the field.
 */
export function parseConversation(row: JsonObject): ConversationRow {
  const { messages, tools } = row;
  if (messages === undefined) {
    const fields = Object.keys(row).map((key) => `"${key}"`);
    throw new DataValidationError(
      `the row has no "messages"${fields.length > 0 ? `; it has ${fields.join(', ')}` : ''}`,
    );
  }
  if (!Array.isArray(messages) || messages.length === 0)
    throw new DataValidationError(`messages: must be a list of at least one message, not ${kindOf(messages)}`);
  if (Array.isArray(tools) && tools.length > 0) {
    throw new DataValidationError('tools: a row cannot declare tools, which would be missing from the prompt', {
      hint: 'Write the declarations into the system message, in the way of the model.',
    });
  }
  const objects = messages.map((message, index) => {
    if (isJsonObject(message)) return message;
    throw new DataValidationError(
      `messages[${index}]: must be an object with a role and a content, not ${kindOf(message)}`,
    );
  });
  return {
    messages: objects.map((message, index) => parseMessage(message, `messages[${index}]`)),
    ignored: objects.flatMap((message) => Object.keys(message).filter((key) => !FIELDS.includes(key))),
  };
}

function parseMessage(message: JsonObject, at: string): Message {
  const { role, trainable } = message;
  if (role === undefined) throw new DataValidationError(`${at}: has no role`);
  if (typeof role !== 'string' || !ROLES.includes(role)) {
    const [near] = typeof role === 'string' ? closestNames(role, ROLES) : [];
    const suggestion = near === undefined ? `it must be one of ${ROLES.join(', ')}` : `did you mean "${near}"?`;
    throw new DataValidationError(`${at}.role: unknown role ${shown(role)}; ${suggestion}`);
  }
  if (trainable !== undefined && typeof trainable !== 'boolean')
    throw new DataValidationError(`${at}.trainable: must be true or false, not ${kindOf(trainable)}`);
  const toolCalls = parseToolCalls(message.tool_calls, `${at}.tool_calls`);
  const toolCallId = optionalText(message.tool_call_id, `${at}.tool_call_id`);
  const name = optionalText(message.name, `${at}.name`);
  return {
    role,
    content: withReasoning(
      optionalText(message.reasoning_content, `${at}.reasoning_content`),
      parseContent(message.content, toolCalls.length > 0, `${at}.content`),
    ),
    ...(toolCalls.length > 0 ? { tool_calls: toolCalls } : {}),
    ...(toolCallId === null ? {} : { tool_call_id: toolCallId }),
    ...(name === null ? {} : { name }),
    ...(trainable === undefined ? {} : { trainable }),
  };
}

function parseContent(content: JsonValue | undefined, mayBeAbsent: boolean, at: string): string | ContentPart[] {
  if (typeof content === 'string') return content;
  if ((content === undefined || content === null) && mayBeAbsent) return '';
  if (!Array.isArray(content))
    throw new DataValidationError(`${at}: must be text or a list of parts, not ${kindOf(content)}`);
  return content.map((part, index) => {
    if (!isJsonObject(part)) throw new DataValidationError(`${at}[${index}]: must be an object, not ${kindOf(part)}`);
    if (part.type === 'text' && typeof part.text === 'string') return { type: 'text', text: part.text };
    if (part.type === 'thinking' && typeof part.thinking === 'string')
      return { type: 'thinking', thinking: part.thinking };
    throw new DataValidationError(
      `${at}[${index}]: must be {"type": "text", "text": …} or {"type": "thinking", "thinking": …}; its type is ${part.type === undefined ? 'absent' : shown(part.type)}`,
    );
  });
}

function withReasoning(reasoning: string | null, content: string | ContentPart[]): string | ContentPart[] {
  if (reasoning === null || reasoning === '') return content;
  const said: ContentPart[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  return [{ type: 'thinking', thinking: reasoning }, ...said];
}

function parseToolCalls(calls: JsonValue | undefined, at: string): ToolCall[] {
  if (calls === undefined || calls === null) return [];
  if (!Array.isArray(calls)) throw new DataValidationError(`${at}: must be a list, not ${kindOf(calls)}`);
  return calls.map((call, index) => {
    const called = isJsonObject(call) ? call.function : undefined;
    if (!isJsonObject(call) || !isJsonObject(called) || typeof called.name !== 'string')
      throw new DataValidationError(`${at}[${index}]: must be {"function": {"name": …, "arguments": …}}`);
    const given = called.arguments ?? {};
    if (typeof given !== 'string' && !isJsonObject(given))
      throw new DataValidationError(
        `${at}[${index}].function.arguments: must be an object or JSON text, not ${kindOf(given)}`,
      );
    return {
      type: 'function',
      id: optionalText(call.id, `${at}[${index}].id`),
      function: { name: called.name, arguments: typeof given === 'string' ? given : spacedJson(given) },
    };
  });
}

/** Null where it is absent, which some exports write as null. */
function optionalText(value: JsonValue | undefined, at: string): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') throw new DataValidationError(`${at}: must be text, not ${kindOf(value)}`);
  return value;
}

function kindOf(value: JsonValue | undefined): string {
  if (value === undefined) return 'absent';
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  return typeof value === 'object' ? 'an object' : `the ${typeof value} ${shown(value)}`;
}

function shown(value: JsonValue): string {
  const text = JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
