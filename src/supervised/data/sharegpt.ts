// Messages as ShareGPT has them, `{"from": "human", "value": …}`, with the roles that LLaMA-Factory and Axolotl know.

import { closestNames } from '../../registry/suggest.ts';
import type { Message, ToolCall } from '../../renderers/types.ts';
import { DataValidationError, messageOf } from '../../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../util/json.ts';
import { objectList, requiredText, shown } from './fields.ts';
import { argumentsText, type MessageList, trainableOf, unknownFields } from './messages.ts';

const ROLES = new Map([
  ['human', 'user'],
  ['user', 'user'],
  ['gpt', 'assistant'],
  ['chatgpt', 'assistant'],
  ['assistant', 'assistant'],
  ['model', 'assistant'],
  ['system', 'system'],
  ['tool', 'tool'],
  ['observation', 'tool'],
  ['function_response', 'tool'],
]);

/** What an assistant says under this name is the JSON of a call, or of several. */
const FUNCTION_CALL = 'function_call';

/** Throws a DataValidationError that names the field. */
export function parseShareGpt(value: JsonValue | undefined, at: string): MessageList {
  const objects = objectList(value, at, 'a from and a value');
  return {
    messages: objects.map((message, index) => parseMessage(message, `${at}[${index}]`)),
    ignored: unknownFields(objects, ['from', 'value', 'trainable']),
  };
}

function parseMessage(message: JsonObject, at: string): Message {
  const trainable = trainableOf(message, at);
  return { ...parseSaid(message, at), ...(trainable === undefined ? {} : { trainable }) };
}

function parseSaid({ from, value }: JsonObject, at: string): Message {
  if (from === undefined) throw new DataValidationError(`${at}: has no from`);
  const text = requiredText(value, `${at}.value`);
  if (from === FUNCTION_CALL) return { role: 'assistant', content: '', tool_calls: parseCalls(text, `${at}.value`) };
  const role = typeof from === 'string' ? ROLES.get(from) : undefined;
  if (role !== undefined) return { role, content: text };
  const names = [...ROLES.keys(), FUNCTION_CALL];
  const [near] = typeof from === 'string' ? closestNames(from, names) : [];
  const suggestion = near === undefined ? `it must be one of ${names.join(', ')}` : `did you mean "${near}"?`;
  throw new DataValidationError(`${at}.from: unknown role ${shown(from)}; ${suggestion}`);
}

function parseCalls(text: string, at: string): ToolCall[] {
  const calls = [parsed(text, at)].flat();
  return calls.map((call) => {
    if (!isJsonObject(call) || typeof call.name !== 'string')
      throw new DataValidationError(
        `${at}: must be the JSON of a call, {"name": …, "arguments": …}, or of a list of calls`,
      );
    return {
      type: 'function',
      id: null,
      function: { name: call.name, arguments: argumentsText(call.arguments, `${at}: arguments`) },
    };
  });
}

function parsed(text: string, at: string): JsonValue {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DataValidationError(`${at}: a function_call must be JSON: ${messageOf(error)}`);
  }
}
