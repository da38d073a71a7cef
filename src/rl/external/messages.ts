// Messages and tools that another program gives, as OpenAI's API writes them, with every field checked.

import type { Message, TextPart, ToolCall, ToolSpec } from '../../renderers/types.ts';
import { isJsonObject, type JsonObject, spacedJson } from '../../util/json.ts';
import { shown } from '../../util/shown.ts';
import { RolloutFailure } from '../rollout_failure.ts';

const ROLES = ['system', 'user', 'assistant', 'tool'];
const FIELDS = ['role', 'content', 'tool_calls', 'tool_call_id', 'name'];

export const wrongAnswer = (problem: string) => new RolloutFailure('external_protocol', problem);

/** Told of fields that mean nothing, by their names. */
export type TellUnknown = (fields: readonly string[]) => void;

export const unknownFields = (given: JsonObject, known: readonly string[]): string[] =>
  Object.keys(given).filter((field) => !known.includes(field));

/** @throws RolloutFailure that names the field */
export function messagesIn(given: unknown, tell: TellUnknown): Message[] {
  if (!Array.isArray(given)) throw wrongAnswer(`messages are ${shown(given)}, which is no list`);
  return given.map((message: unknown, index) => messageIn(message, `messages[${index}]`, tell));
}

function messageIn(given: unknown, at: string, tell: TellUnknown): Message {
  if (!isJsonObject(given)) throw wrongAnswer(`${at} is ${shown(given)}, not {"role": …, "content": …}`);
  tell(unknownFields(given, FIELDS).map((field) => `messages.${field}`));
  const { role } = given;
  if (typeof role !== 'string' || !ROLES.includes(role))
    throw wrongAnswer(`${at}.role is ${shown(role)}, which is none of ${ROLES.join(', ')}`);
  const calls = callsIn(given.tool_calls, `${at}.tool_calls`);
  const tool_call_id = textIn(given.tool_call_id, `${at}.tool_call_id`);
  const name = textIn(given.name, `${at}.name`);
  return {
    role,
    content: contentIn(given.content, calls.length > 0, `${at}.content`),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    ...(tool_call_id === null ? {} : { tool_call_id }),
    ...(name === null ? {} : { name }),
  };
}

function textIn(given: unknown, at: string): string | null {
  if (given === undefined || given === null) return null;
  if (typeof given === 'string') return given;
  throw wrongAnswer(`${at} is ${shown(given)}, which is no text`);
}

function contentIn(given: unknown, mayBeAbsent: boolean, at: string): string | TextPart[] {
  if (typeof given === 'string') return given;
  if ((given === undefined || given === null) && mayBeAbsent) return '';
  if (!Array.isArray(given)) throw wrongAnswer(`${at} is ${shown(given)}, which is neither text nor a list of parts`);
  return given.map((part: unknown, index) => {
    if (isJsonObject(part) && part.type === 'text' && typeof part.text === 'string')
      return { type: 'text', text: part.text };
    throw wrongAnswer(`${at}[${index}] is ${shown(part)}, not {"type": "text", "text": …}`);
  });
}

function callsIn(given: unknown, at: string): ToolCall[] {
  if (given === undefined || given === null) return [];
  if (!Array.isArray(given)) throw wrongAnswer(`${at} are ${shown(given)}, which is no list`);
  return given.map((call: unknown, index): ToolCall => {
    const called = isJsonObject(call) ? call.function : undefined;
    if (!isJsonObject(call) || !isJsonObject(called) || typeof called.name !== 'string')
      throw wrongAnswer(`${at}[${index}] is ${shown(call)}, not {"function": {"name": …, "arguments": …}}`);
    const { name, arguments: args = {} } = called;
    if (typeof args !== 'string' && !isJsonObject(args))
      throw wrongAnswer(`${at}[${index}].function.arguments are ${shown(args)}, neither an object nor JSON text`);
    const text = typeof args === 'string' ? args : spacedJson(args);
    return { type: 'function', id: textIn(call.id, `${at}[${index}].id`), function: { name, arguments: text } };
  });
}

/** Declarations of tools, as `{"name", "description", "parameters"}` or in OpenAI's `{"type": "function", "function": …}`. */
export function toolsIn(given: unknown): ToolSpec[] {
  if (given === undefined || given === null) return [];
  if (!Array.isArray(given)) throw wrongAnswer(`tools are ${shown(given)}, which is no list`);
  return given.map((tool: unknown, index): ToolSpec => {
    const declared = isJsonObject(tool) && tool.type === 'function' ? tool.function : tool;
    if (!isJsonObject(declared) || typeof declared.name !== 'string' || declared.name === '')
      throw wrongAnswer(`tools[${index}] is ${shown(tool)}, not {"name": …, "description": …, "parameters": …}`);
    const { name, description = '', parameters = { type: 'object', properties: {} } } = declared;
    if (typeof description !== 'string') throw wrongAnswer(`tools[${index}].description is no text`);
    if (!isJsonObject(parameters)) throw wrongAnswer(`tools[${index}].parameters are no JSON Schema`);
    return { name, description, parameters };
  });
}
