// Tool calls and their arguments between JSON text and values: numbers, keys and their order stay as they were written.

import { messageOf, RendererError } from '../util/errors.ts';
import { jsonProblem } from '../util/json.ts';
import { parseJson } from './jinja/json.ts';
import { toJson } from './jinja/printing.ts';
import { plain, type Text } from './jinja/text.ts';
import { Dict, isText, type Value } from './jinja/values.ts';
import type { ToolCall, UnparsedToolCall } from './types.ts';

/** The value of JSON text. Throws a SyntaxError. */
export function jsonValue(text: string): Value {
  return parseJson(text, String);
}

/** A value as JSON with a space after commas and colons, as models are trained to write it. */
export function spacedText(value: Value): string {
  return plain(toJson(value));
}

/** The arguments of a call, by name. Throws a RendererError for text that is no JSON object. `textOf`: see `parseJson`. */
export function argumentsOf({ function: { name, arguments: written } }: ToolCall, textOf?: (text: string) => Text): Dict {
  let given: Value;
  try {
    given = parseJson(written, textOf ?? String);
  } catch (error) {
    throw new RendererError(`the arguments of the call of ${name} are ${jsonProblem(error)}`);
  }
  if (!(given instanceof Dict)) throw new RendererError(`the arguments of the call of ${name} must be a JSON object`);
  return given;
}

export function toolCall(name: string, given: Dict, id: string | null = null): ToolCall {
  return { type: 'function', id, function: { name, arguments: spacedText(given) } };
}

/** `{"name": "f", "arguments": {"x": 1}}` */
export function jsonOfCall(call: ToolCall): string {
  return spacedText(
    Dict.of([
      ['name', call.function.name],
      ['arguments', argumentsOf(call)],
    ]),
  );
}

/** One call written as `{"name": …, "arguments": {…}}`. `raw` is what an unparsed call quotes. */
export function readJsonCall(text: string, raw: string): (ToolCall | UnparsedToolCall)[] {
  const unparsed = (error: string) => [{ raw_text: raw, error }];
  let call: Value;
  try {
    call = jsonValue(text);
  } catch (error) {
    return unparsed(`Invalid JSON: ${messageOf(error)}`);
  }
  if (!(call instanceof Dict)) return unparsed('a tool call must be a JSON object');
  const [name, given, id] = ['name', 'arguments', 'id'].map((key) => call.get(key));
  if (name === undefined || !isText(name)) return unparsed('a tool call must have a "name", a string');
  if (!(given instanceof Dict)) return unparsed('a tool call must have "arguments", an object');
  return [toolCall(plain(name), given, id !== undefined && isText(id) ? plain(id) : null)];
}
