// Messages as OpenAI writes them, `{"role": …, "content": …}`, from JSON with every field checked.

import { closestNames } from '../../registry/suggest.ts';
import type { ContentPart, Message, ToolCall, ToolSpec } from '../../renderers/types.ts';
import { DataValidationError } from '../../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue, spacedJson } from '../../util/json.ts';
import { kindOf, objectList, optionalText, shown } from './fields.ts';
import { ROLES } from './options.ts';

const FIELDS = ['role', 'content', 'reasoning_content', 'tool_calls', 'tool_call_id', 'name', 'trainable'];

export interface ConversationRow {
  messages: Message[];
  /** Declarations of tools, which the renderer puts in front. */
  tools?: ToolSpec[];
  /** Messages before those that answer, where the row tells them apart: its prompt. */
  asked?: number;
  /** Fields of messages that mean nothing here. */
  ignored: string[];
  /** Fields of the row that say something and are not trained on: a name, and what to do to use it. */
  unused?: { field: string; hint: string }[];
}

export type MessageList = Pick<ConversationRow, 'messages' | 'ignored'>;

/** `reasoning_content` becomes a thinking part. Throws a DataValidationError that names the field. */
export function parseMessages(value: JsonValue | undefined, at: string): MessageList {
  const objects = objectList(value, at, 'a role and a content');
  return {
    messages: objects.map((message, index) => parseMessage(message, `${at}[${index}]`)),
    ignored: unknownFields(objects, FIELDS),
  };
}

/** Messages of OpenAI's API. Fields that mean nothing here are left out. @throws DataValidationError that names the field */
export function fromOpenaiMessages(messages: readonly JsonObject[]): Message[] {
  return parseMessages([...messages], 'messages').messages;
}

export function unknownFields(objects: readonly JsonObject[], known: readonly string[]): string[] {
  return objects.flatMap((message) => Object.keys(message).filter((key) => !known.includes(key)));
}

function parseMessage(message: JsonObject, at: string): Message {
  const { role } = message;
  if (role === undefined) throw new DataValidationError(`${at}: has no role`);
  if (typeof role !== 'string' || !ROLES.some((known) => known === role)) {
    const [near] = typeof role === 'string' ? closestNames(role, ROLES) : [];
    const suggestion = near === undefined ? `it must be one of ${ROLES.join(', ')}` : `did you mean "${near}"?`;
    throw new DataValidationError(`${at}.role: unknown role ${shown(role)}; ${suggestion}`);
  }
  const trainable = trainableOf(message, at);
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

/** Whether a message says of itself that it is trained. */
export function trainableOf({ trainable }: JsonObject, at: string): boolean | undefined {
  if (trainable === undefined || typeof trainable === 'boolean') return trainable;
  throw new DataValidationError(`${at}.trainable: must be true or false, not ${kindOf(trainable)}`);
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
    return {
      type: 'function',
      id: optionalText(call.id, `${at}[${index}].id`),
      function: {
        name: called.name,
        arguments: argumentsText(called.arguments, `${at}[${index}].function.arguments`),
      },
    };
  });
}

/** Arguments of a call as JSON text; they may be given as an object. */
export function argumentsText(given: JsonValue | undefined, at: string): string {
  const value = given ?? {};
  if (typeof value !== 'string' && !isJsonObject(value))
    throw new DataValidationError(`${at}: must be an object or JSON text, not ${kindOf(value)}`);
  return typeof value === 'string' ? value : spacedJson(value);
}
