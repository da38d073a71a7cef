// Conversations as the values that chat templates of the Hugging Face world read, in the form that a template takes.

import { RendererError } from '../util/errors.ts';
import { jsonProblem } from '../util/json.ts';
import { notText, textOf } from './content.ts';
import { parseJson } from './jinja/json.ts';
import { joinTexts, type Origin, plain, type Text, tracked } from './jinja/text.ts';
import { Dict, List, type Value } from './jinja/values.ts';
import { TOOL_DECLARE } from './tool_calls.ts';
import type { Message, ToolCall } from './types.ts';

/** In which of the forms that are in use a template takes what a message holds. */
export interface MessageForm {
  /** Content as text, or as a list of parts. */
  content: 'text' | 'parts';
  /** The content of a message that says nothing beside its tool calls. */
  noContent: 'empty' | 'null';
  /** Reasoning in fields of its own, or in the content between `<think>` and `</think>`. */
  reasoning: 'field' | 'inline';
  /** Arguments of tool calls as JSON text, or as the object that it is of. */
  toolArguments: 'text' | 'object';
}

/** Path of the reasoning of a message in what a rendering says of its origins. */
export function reasoningPath(index: number): string {
  return `messages[${index}].reasoning`;
}

export function messagePath(index: number): string {
  return `messages[${index}].`;
}

/** The index of the message that a path leads to; null where it leads to none. */
export function messageOfPath(path: string): number | null {
  const index = /^messages\[(\d+)\]\./.exec(path)?.[1];
  return index === undefined ? null : Number(index);
}

export interface ConversationValues {
  /** Those that are not declarations of tools. */
  messages: Value[];
  tools: Value;
  /** Every text of the conversation. */
  origins: Origin[];
}

/** Throws a RendererError for arguments that are no JSON object. */
export function conversationValues(messages: readonly Message[], form: MessageForm): ConversationValues {
  const origins: Origin[] = [];
  const track: Track = (path, text) => {
    const origin = { path, text };
    origins.push(origin);
    return tracked(origin);
  };
  const [first] = messages;
  const declares = first?.role === TOOL_DECLARE;
  const tools = declares ? parseJson(textOf(first), (text) => track('tools', text)) : null;
  const items = messages.flatMap((message, index) =>
    declares && index === 0 ? [] : [messageValue(message, index, form, track)],
  );
  return { messages: items, tools, origins };
}

/** A message that is rendered to see what is around it. */
export function probeValue(message: Message, form: MessageForm): Value {
  return messageValue(message, 0, form, (_, text) => text);
}

/** Text that knows where in the conversation it stands. */
type Track = (path: string, text: string) => Text;

function messageValue(message: Message, index: number, form: MessageForm, track: Track): Dict {
  const path = messagePath(index);
  const calls = message.tool_calls ?? [];
  const thoughts = reasoningOf(message);
  const dict = Dict.of([
    ['role', track(`${path}role`, message.role)],
    ['content', contentValue(saidText(message, index, form, track), calls.length > 0, form)],
  ]);
  if (form.reasoning === 'field' && thoughts !== '') {
    const reasoning = track(reasoningPath(index), thoughts);
    // transformers hands reasoning to templates under both names.
    for (const name of ['thinking', 'reasoning_content']) dict.set(name, reasoning);
  }
  if (calls.length > 0) {
    const values = calls.map((call, at) => toolCallValue(call, `${path}tool_calls[${at}]`, form, track));
    dict.set('tool_calls', new List(values));
  }
  if (message.tool_call_id !== undefined) dict.set('tool_call_id', track(`${path}tool_call_id`, message.tool_call_id));
  if (message.name !== undefined) dict.set('name', track(`${path}name`, message.name));
  return dict;
}

export function reasoningOf({ content }: Message): string {
  if (typeof content === 'string') return '';
  return content.map((part) => (part.type === 'thinking' ? part.thinking : '')).join('');
}

/** What a message says in its content: text, calls that could not be read, and reasoning where it has no field of its own. */
function saidText(message: Message, index: number, form: MessageForm, track: Track): Text {
  const path = `${messagePath(index)}content`;
  const parts =
    typeof message.content === 'string' ? [{ type: 'text' as const, text: message.content }] : message.content;
  const texts = parts.map((part) => {
    if (part.type === 'text') return track(path, part.text);
    if (part.type === 'image') throw notText(message, 'holds a picture');
    return form.reasoning === 'field' ? '' : inlineReasoning(track(reasoningPath(index), part.thinking));
  });
  return joinTexts([...texts, ...(message.unparsed_tool_calls ?? []).map((call) => track(path, call.raw_text))]);
}

export function inlineReasoning(thoughts: Text): Text {
  return joinTexts(['<think>\n', thoughts, '\n</think>\n\n']);
}

function contentValue(said: Text, hasCalls: boolean, { content, noContent }: MessageForm): Value {
  if (plain(said) === '' && hasCalls && noContent === 'null') return null;
  if (content === 'text') return said;
  const part = Dict.of([
    ['type', 'text'],
    ['text', said],
  ]);
  return new List([part]);
}

function toolCallValue(call: ToolCall, path: string, form: MessageForm, track: Track): Dict {
  const { name, arguments: written } = call.function;
  const asText = form.toolArguments === 'text';
  const shownName = track(`${path}.name`, name);
  let given: Value;
  try {
    given = parseJson(written, (text) => (asText ? text : track(`${path}.arguments`, text)));
  } catch (error) {
    throw new RendererError(`the arguments of the call of ${name} are ${jsonProblem(error)}`);
  }
  if (!(given instanceof Dict)) throw new RendererError(`the arguments of the call of ${name} must be a JSON object`);
  const called = Dict.of([
    ['name', shownName],
    ['arguments', asText ? track(`${path}.arguments`, written) : given],
  ]);
  const entries: [Value, Value][] = [['type', 'function']];
  if (call.id !== null) entries.push(['id', track(`${path}.id`, call.id)]);
  return Dict.of([...entries, ['function', called]]);
}
