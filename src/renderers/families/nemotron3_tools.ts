// Tools as tags, the way Nemotron reads them.

import { isJsonObject, type JsonObject, type JsonValue } from '../../util/json.ts';
import { pythonScalar } from '../python_json.ts';
import { plainJson, spaced } from '../tool_calls.ts';
import type { ToolSpec } from '../types.ts';

/** One `<function>` a tool, one `<parameter>` a property; keywords of the schema that have no tag of their own get one. */
export function describeTools(tools: readonly ToolSpec[]): string {
  return tools.map(describe).join('\n');
}

function describe(tool: ToolSpec): string {
  const plain = plainJson(tool);
  const { name, description, parameters, ...others } = isJsonObject(plain) ? plain : {};
  const { type: _, properties, required, ...keywords } = isJsonObject(parameters) ? parameters : {};
  return [
    '<function>',
    tag('name', name),
    ...(description === undefined ? [] : [tag('description', trimmed(description))]),
    '<parameters>',
    ...(isJsonObject(properties) ? Object.entries(properties) : []).flatMap(([key, schema]) => parameter(key, schema)),
    ...tags(keywords),
    ...(required === undefined ? [] : [tag('required', required)]),
    '</parameters>',
    ...tags(withoutType(others)),
    '</function>',
  ].join('\n');
}

function parameter(key: string, schema: JsonValue): string[] {
  const { name: _, type, description, enum: choices, ...keywords } = isJsonObject(schema) ? schema : {};
  return [
    '<parameter>',
    tag('name', key),
    ...(type === undefined ? [] : [`<type>${Array.isArray(type) ? pythonList(type) : valueText(type)}</type>`]),
    ...(description === undefined ? [] : [tag('description', trimmed(description))]),
    ...(choices === undefined ? [] : [`<enum>${spaced(choices)}</enum>`]),
    ...tags(keywords),
    '</parameter>',
  ];
}

function tags(values: JsonObject): string[] {
  return Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [tag(key, value)]));
}

function tag(key: string, value: JsonValue | undefined): string {
  return `<${key}>${valueText(value)}</${key}>`;
}

function withoutType({ type: _, ...others }: JsonObject): JsonObject {
  return others;
}

function trimmed(value: JsonValue): JsonValue {
  return typeof value === 'string' ? value.trim() : value;
}

/** Scalars are written as Python writes them, which is what the model was trained on. */
function valueText(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : pythonScalar(spaced(value ?? null));
}

/** Several types, as Python prints a list of them. */
function pythonList(values: readonly JsonValue[]): string {
  return `[${values.map((value) => (typeof value === 'string' ? `'${value}'` : valueText(value))).join(', ')}]`;
}
