// What families share about tool calls: the call that a result answers, the order of results, JSON both ways.

import { RendererError } from '../util/errors.ts';
import { type JsonValue, spacedJson } from '../util/json.ts';
import { factOf } from './conversation_facts.ts';
import { type JsonNode, readPythonJson } from './python_json.ts';
import type { Message, ToolCall, ToolSpec, UnparsedToolCall } from './types.ts';

/** Role of the message at the head of a conversation that declares tools, in the format's own words. */
export const TOOL_DECLARE = 'tool_declare';

/** One schema a line, as Python writes JSON. */
export function schemaLines(tools: readonly object[]): string {
  return tools.map((tool) => spaced(tool)).join('\n');
}

/** JSON of a schema with a space after commas and colons. */
export function spaced(value: unknown): string {
  return spacedJson(plainJson(value));
}

/** What JSON says of a value: without members that it has no word for. */
export function plainJson(value: unknown): JsonValue {
  const plain: JsonValue = JSON.parse(JSON.stringify(value));
  return plain;
}

/** `{"name": "f", "arguments": {"x": 1}}` */
export function jsonOfCall({ function: { name, arguments: text } }: ToolCall): string {
  const reading = readPythonJson(text);
  if ('error' in reading || reading.value.members === null) {
    throw new RendererError(`the arguments of the call of ${name} are no JSON object`);
  }
  return `{"name": ${JSON.stringify(name)}, "arguments": ${reading.value.json}}`;
}

/** One call written as `{"name": …, "arguments": {…}}`. `raw` is what an unparsed call quotes. */
export function readJsonCall(text: string, raw: string): (ToolCall | UnparsedToolCall)[] {
  const unparsed = (error: string) => [{ raw_text: raw, error }];
  const reading = readPythonJson(text);
  if ('error' in reading) return unparsed(`Invalid JSON: ${reading.error}`);
  const { members } = reading.value;
  if (members === null) return unparsed('a tool call must be a JSON object');
  const name = members.get('name')?.string ?? null;
  const given = members.get('arguments');
  if (name === null) return unparsed('a tool call must have a "name", a string');
  if (given === undefined || given.members === null) {
    return unparsed('a tool call must have "arguments", an object');
  }
  const id = members.get('id')?.string ?? null;
  return [{ type: 'function', id, function: { name, arguments: given.json } }];
}

/** The raw text of calls that could not be read: a history shows what the model wrote. */
export function unparsedText({ unparsed_tool_calls = [] }: Message): string {
  return unparsed_tool_calls.map((call) => call.raw_text).join('');
}

/** The name of the tool that a result is from: its own, or that of the last call with its id. */
export function toolNameOf({ name, tool_call_id }: Message, messages: readonly Message[]): string {
  const found = name ?? (tool_call_id === undefined ? undefined : calledNames(messages).get(tool_call_id));
  if (found !== undefined) return found;
  throw new RendererError('a tool result needs the name of its tool', {
    hint: 'Set "name", or a "tool_call_id" that one of the calls before has.',
  });
}

/** Names of the tools that a conversation calls, by the ids of the calls. */
const calledNames = factOf((messages) => {
  const names = new Map<string, string>();
  for (const { tool_calls = [] } of messages) {
    // Of one message the first call with an id counts, and of several messages the last.
    for (const { id, function: called } of tool_calls.toReversed()) if (id !== null) names.set(id, called.name);
  }
  return names;
});

/** A number by which results are sorted. */
type Rank = (result: Message) => number;

/** The order of the calls, where each result has the id of one; else results stay as they are. */
export function rankByKnownIds(calls: readonly ToolCall[], results: readonly Message[]): Rank | null {
  const order = new Map<string, number>();
  // Of several calls with an id the first counts.
  for (const [index, { id }] of [...calls.entries()].toReversed()) if (id !== null) order.set(id, index);
  const rank = ({ tool_call_id }: Message) => (tool_call_id === undefined ? -1 : (order.get(tool_call_id) ?? -1));
  return results.every((result) => rank(result) !== -1) ? rank : null;
}

/** The same where, besides, no two calls have one id, nor two results; else results stay as they are. */
export function rankByUniqueIds(calls: readonly ToolCall[], results: readonly Message[]): Rank | null {
  const called = new Set(calls.flatMap(({ id }) => id ?? []));
  const answered = new Set(results.map(({ tool_call_id }) => tool_call_id));
  return called.size < calls.length || answered.size < results.length ? null : rankByKnownIds(calls, results);
}

/** Results sorted by rank within the places that tool messages take after the calls; equal ranks keep their order. */
export function sortResults(
  messages: readonly Message[],
  rankOf: (calls: readonly ToolCall[], results: readonly Message[]) => Rank | null,
  isInTurn: (message: Message) => boolean = ({ role }) => role === 'tool',
): readonly Message[] {
  const sorted = [...messages];
  messages.forEach((message, index) => {
    const calls = message.role === 'assistant' ? (message.tool_calls ?? []) : [];
    if (calls.length === 0) return;
    const places: number[] = [];
    for (let at = index + 1; at < messages.length && isInTurn(messages[at]); at++) {
      if (messages[at].role === 'tool') places.push(at);
    }
    const results = places.map((place) => messages[place]);
    const rank = rankOf(calls, results);
    if (rank === null) return;
    const inOrder = results.toSorted((a, b) => rank(a) - rank(b));
    places.forEach((place, position) => {
      sorted[place] = inOrder[position];
    });
  });
  return sorted;
}

/** A call whose arguments are JSON text; unparsed where they are no JSON object. */
export function callOfJson(
  { id, name, json }: { id: string | null; name: string; json: string },
  raw: string,
): ToolCall | UnparsedToolCall {
  const unparsed = (error: string): UnparsedToolCall => ({ raw_text: raw, error });
  if (name === '') return unparsed('a tool call must have a name');
  const reading = readPythonJson(json);
  if ('error' in reading) return unparsed(`Invalid JSON: ${reading.error}`);
  if (reading.value.members === null) return unparsed('the arguments of a tool call must be a JSON object');
  return { type: 'function', id, function: { name, arguments: json } };
}

/** JSON of arguments that were read one by one, each as JSON. */
export function argumentsJson(members: ReadonlyMap<string, string>): string {
  return `{${[...members].map(([name, json]) => `${JSON.stringify(name)}: ${json}`).join(', ')}}`;
}

/** The tools as plain data, for JSON. */
export function openAiTools(tools: readonly ToolSpec[]) {
  return tools.map((tool) => ({ type: 'function', function: tool }));
}

/** The arguments of a call by name. JSON that was encoded twice is decoded twice; what is no object is one argument, `arguments`. */
export function argumentsOf({ function: { arguments: text } }: ToolCall): ReadonlyMap<string, JsonNode> {
  let value: JsonNode = { json: JSON.stringify(text), string: text, members: null };
  for (let time = 0; time < 2 && value.string !== null; time++) {
    const reading = readPythonJson(value.string);
    if ('error' in reading) break;
    value = reading.value;
  }
  return value.members ?? new Map([['arguments', value]]);
}

/** JSON where a text is JSON, else that of a string: for formats that do not tell them apart. */
export function jsonOrString(text: string): string {
  const reading = readPythonJson(text);
  // Python reads NaN and infinities, which are no JSON for anybody else.
  const isJson = 'value' in reading && !/NaN|Infinity/.test(reading.value.json.replace(/"(?:[^"\\]|\\.)*"/g, ''));
  return isJson ? reading.value.json : JSON.stringify(text);
}
