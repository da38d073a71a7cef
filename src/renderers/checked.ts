// What callers hand to a renderer, looked at where it enters: code in plain JavaScript has no types that would have told.

import { closestNames, didYouMean } from '../registry/suggest.ts';
import { messageOf, RendererError } from '../util/errors.ts';
import { isJsonObject } from '../util/json.ts';
import { type Renderer, TRAIN_ON_WHAT } from './types.ts';

/** The same renderer, whose functions throw a RendererError that names the field where they are given something else than they take. */
export function checked(renderer: Renderer): Renderer {
  return {
    ...renderer,
    buildGenerationPrompt(messages, options = {}) {
      checkMessages(messages);
      const { role, prefill } = objectAt(options, 'options');
      optional(text, role, 'options.role');
      optional(text, prefill, 'options.prefill');
      return renderer.buildGenerationPrompt(messages, options);
    },
    buildSupervisedExample(messages, trainOnWhat) {
      checkMessages(messages);
      checkMode(trainOnWhat);
      return renderer.buildSupervisedExample(messages, trainOnWhat);
    },
    buildSupervisedExamples(messages, trainOnWhat) {
      checkMessages(messages);
      checkMode(trainOnWhat);
      return renderer.buildSupervisedExamples(messages, trainOnWhat);
    },
    parseResponse(tokens) {
      for (const [index, token] of listAt(tokens, 'tokens').entries()) {
        if (!Number.isInteger(token)) throw wrong(`tokens[${index}]`, 'the id of a token', token);
      }
      return renderer.parseResponse(tokens);
    },
    parseResponseStreaming(tokens) {
      const given: unknown = tokens;
      const isIterable =
        typeof given === 'object' && given !== null && (Symbol.iterator in given || Symbol.asyncIterator in given);
      if (!isIterable) throw wrong('tokens', 'what can be iterated', given);
      return renderer.parseResponseStreaming(tokens);
    },
    createConversationPrefixWithTools(tools, systemPrompt = '') {
      checkTools(tools);
      text(systemPrompt, 'the system prompt');
      return renderer.createConversationPrefixWithTools(tools, systemPrompt);
    },
  };
}

export function checkMessages(messages: unknown): void {
  for (const [index, message] of listAt(messages, 'messages').entries()) checkMessage(message, `messages[${index}]`);
}

export function checkTools(tools: unknown): void {
  listAt(tools, 'tools').forEach(checkTool);
}

export function checkMessage(given: unknown, at: string): void {
  const message = objectAt(given, at);
  text(message.role, `${at}.role`);
  if (typeof message.content !== 'string') checkParts(message.content, `${at}.content`);
  optional(checkCalls, message.tool_calls, `${at}.tool_calls`);
  optional(checkUnparsed, message.unparsed_tool_calls, `${at}.unparsed_tool_calls`);
  optional(text, message.tool_call_id, `${at}.tool_call_id`);
  optional(text, message.name, `${at}.name`);
  if (message.trainable !== undefined && typeof message.trainable !== 'boolean')
    throw wrong(`${at}.trainable`, 'true or false', message.trainable);
}

function checkParts(parts: unknown, at: string): void {
  if (!Array.isArray(parts)) throw wrong(at, 'text or a list of parts', parts);
  for (const [index, given] of parts.entries()) {
    const place = `${at}[${index}]`;
    const part = objectAt(given, place);
    if (part.type === 'text' || part.type === 'thinking' || part.type === 'image')
      text(part[part.type], `${place}.${part.type}`);
    else throw wrong(`${place}.type`, '"text", "thinking" or "image"', part.type);
  }
}

function checkCalls(calls: unknown, at: string): void {
  for (const [index, given] of listAt(calls, at).entries()) {
    const place = `${at}[${index}]`;
    const call = objectAt(given, place);
    if (call.id !== null) text(call.id, `${place}.id`, 'text or null');
    const called = objectAt(call.function, `${place}.function`);
    text(called.name, `${place}.function.name`);
    text(called.arguments, `${place}.function.arguments`, 'JSON text');
  }
}

function checkUnparsed(calls: unknown, at: string): void {
  for (const [index, call] of listAt(calls, at).entries())
    text(objectAt(call, `${at}[${index}]`).raw_text, `${at}[${index}].raw_text`);
}

function checkTool(given: unknown, index: number): void {
  const at = `tools[${index}]`;
  const tool = objectAt(given, at);
  text(tool.name, `${at}.name`);
  text(tool.description, `${at}.description`);
  objectAt(tool.parameters, `${at}.parameters`);
  try {
    if (isJsonObject(JSON.parse(JSON.stringify(tool)))) return;
  } catch (error) {
    throw new RendererError(`${at} cannot be written as JSON: ${messageOf(error).split('\n')[0]}`, { cause: error });
  }
  throw new RendererError(`${at} cannot be written as JSON`);
}

function checkMode(trainOnWhat: unknown): void {
  if (TRAIN_ON_WHAT.some((known) => known === trainOnWhat)) return;
  const near = typeof trainOnWhat === 'string' ? didYouMean(closestNames(trainOnWhat, TRAIN_ON_WHAT)) : '';
  throw new RendererError(
    `train_on_what must be one of ${TRAIN_ON_WHAT.join(', ')}, not ${kindOf(trainOnWhat)}${near}`,
  );
}

function optional(check: (value: unknown, at: string) => void, value: unknown, at: string): void {
  if (value !== undefined) check(value, at);
}

function text(value: unknown, at: string, expected = 'text'): void {
  if (typeof value !== 'string') throw wrong(at, expected, value);
}

function listAt(value: unknown, at: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw wrong(at, 'a list', value);
}

function objectAt(value: unknown, at: string): Record<string, unknown> {
  if (isJsonObject(value)) return value;
  throw wrong(at, 'an object', value);
}

function wrong(at: string, expected: string, value: unknown): RendererError {
  return new RendererError(`${at} must be ${expected}, not ${kindOf(value)}`);
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'absent';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' || typeof value === 'function')
    return typeof value === 'object' ? 'an object' : 'a function';
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return `the ${typeof value} ${shown.length > 40 ? `${shown.slice(0, 40)}…` : shown}`;
}
