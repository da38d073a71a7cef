// Tools as TypeScript declarations: the two dialects of it, those of gpt_oss and of Kimi K2.5.

import { isJsonObject, type JsonObject, type JsonValue } from '../../util/json.ts';
import { pythonScalar } from '../python_json.ts';
import { plainJson, spaced } from '../tool_calls.ts';
import type { ToolSpec } from '../types.ts';

/** `namespace functions { … }` as gpt_oss reads it. */
export function harmonyNamespace(tools: readonly ToolSpec[]): string {
  const types = tools.map((tool) => {
    const { properties } = parametersOf(tool);
    const empty = !isJsonObject(properties) || Object.keys(properties).length === 0;
    const signature = empty ? '()' : `(_:\n${harmonyType(parametersOf(tool))})`;
    return `${comment(tool.description, '')}type ${tool.name} = ${signature} => any;\n\n`;
  });
  return `## functions\n\nnamespace functions {\n\n${types.join('')}} // namespace functions`;
}

function harmonyType(schema: JsonValue | undefined): string {
  if (!isJsonObject(schema)) return 'any';
  const { type, items, properties } = schema;
  const choices = schema.oneOf ?? schema.anyOf;
  if (Array.isArray(choices)) return choices.map(harmonyType).join(' | ');
  if (Array.isArray(schema.enum)) return schema.enum.map(literal).join(' | ');
  if (Array.isArray(type)) return type.map((each) => scalar(each)).join(' | ');
  if (type === 'array') return `${items === undefined ? 'any' : harmonyType(items)}[]`;
  if (type !== 'object') return scalar(type);
  if (!isJsonObject(properties)) return 'object';
  const fields = Object.entries(properties).map(([name, property]) => {
    const field = `${name}${isRequired(schema, name) ? '' : '?'}: ${harmonyType(property)},`;
    return `${describe(property, '')}${field}${harmonyDefault(property)}\n`;
  });
  return `{\n${fields.join('')}}`;
}

function harmonyDefault(schema: JsonValue): string {
  if (!isJsonObject(schema) || schema.default === undefined) return '';
  const { default: value } = schema;
  return ` // default: ${typeof value === 'string' && schema.enum !== undefined ? value : spaced(value)}`;
}

/** The text of a tool declaration as Kimi K2.5 reads it: required fields first, both sorted by name. */
export function kimiNamespace(tools: readonly ToolSpec[]): string {
  const types = tools.map((tool) => {
    const parameters = parametersOf(tool);
    const shared = isJsonObject(parameters.$defs) ? Object.entries(parameters.$defs) : [];
    const interfaces = shared.map(
      ([name, schema]) => `${describe(schema, '')}interface ${name} ${kimiType(schema, '')}\n`,
    );
    const object = kimiType({ ...parameters, type: 'object' }, '');
    return `${interfaces.join('')}${comment(tool.description, '')}type ${tool.name} = (_: ${object}) => any;`;
  });
  return `# Tools\n\n## functions\nnamespace functions {\n${types.join('\n')}\n}\n`;
}

function kimiType(schema: JsonValue, indent: string): string {
  if (typeof schema === 'boolean') return schema ? 'any' : 'null';
  if (!isJsonObject(schema)) return 'any';
  const { $ref: reference, type } = schema;
  if (typeof reference === 'string') return reference === '#' ? 'parameters' : (reference.split('/').at(-1) ?? 'any');
  if (Array.isArray(schema.anyOf)) return schema.anyOf.map((each) => kimiType(each, indent)).join(' | ');
  if (Array.isArray(schema.enum)) return schema.enum.map(literal).join(' | ');
  if (Array.isArray(type)) {
    return type.map((each) => (each === 'object' ? '{}' : each === 'array' ? 'Array<any>' : scalar(each))).join(' | ');
  }
  if (type === 'array') return kimiArray(schema, indent);
  return type === 'object' ? kimiObject(schema, indent) : scalar(type);
}

function kimiArray({ items = {} }: JsonObject, indent: string): string {
  const inner = `${indent}  `;
  const notes = kimiNotes(items, inner);
  return notes === ''
    ? `Array<${kimiType(items, indent)}>`
    : `Array<\n${notes}${inner}${kimiType(items, inner)}\n${indent}>`;
}

function kimiObject(schema: JsonObject, indent: string): string {
  const inner = `${indent}  `;
  const properties = isJsonObject(schema.properties) ? Object.entries(schema.properties) : [];
  const byName = properties.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const inOrder = [true, false].flatMap((first) => byName.filter(([name]) => isRequired(schema, name) === first));
  const fields = inOrder.map(([name, property]) => {
    // Booleans are written as Python writes them, which is what the model was trained on.
    const given = isJsonObject(property) ? (property.default ?? null) : null;
    const fallback = given === null ? '' : `${inner}// Default: ${pythonScalar(spaced(given))}\n`;
    const mark = isRequired(schema, name) ? '' : '?';
    return `${kimiNotes(property, inner)}${fallback}${inner}${name}${mark}: ${kimiType(property, inner)}`;
  });
  const { additionalProperties: others } = schema;
  if (others !== undefined && others !== null) {
    fields.push(`${inner}[k: string]: ${others === false ? 'never' : kimiType(others, inner)}`);
  }
  return fields.length === 0 ? '{}' : `{\n${fields.join(',\n')}\n${indent}}`;
}

const CONSTRAINTS = new Map([
  ['string', ['maxLength', 'minLength', 'pattern']],
  ['number', ['maximum', 'minimum']],
  ['integer', ['maximum', 'minimum']],
  ['array', ['maxItems', 'minItems']],
]);

function kimiNotes(schema: JsonValue, indent: string): string {
  const { type } = isJsonObject(schema) ? schema : {};
  const isPlain = isJsonObject(schema) && schema.enum === undefined && schema.anyOf === undefined;
  const known = isPlain && typeof type === 'string' ? (CONSTRAINTS.get(type) ?? []) : [];
  const limits = isPlain
    ? known.flatMap((key) => (schema[key] === undefined ? [] : [`${key}: ${bare(schema[key])}`]))
    : [];
  return `${describe(schema, indent)}${limits.length === 0 ? '' : `${indent}// ${limits.join(', ')}\n`}`;
}

function parametersOf({ parameters }: ToolSpec): JsonObject {
  const plain = plainJson(parameters);
  return isJsonObject(plain) ? plain : {};
}

function isRequired({ required }: JsonObject, name: string): boolean {
  return Array.isArray(required) && required.includes(name);
}

function scalar(type: JsonValue | undefined): string {
  if (type === 'integer') return 'number';
  return typeof type === 'string' ? type : 'any';
}

function literal(value: JsonValue): string {
  return typeof value === 'string' ? `"${value}"` : bare(value);
}

function bare(value: JsonValue): string {
  return typeof value === 'string' ? value : spaced(value);
}

function describe(schema: JsonValue, indent: string): string {
  return isJsonObject(schema) && typeof schema.description === 'string' ? comment(schema.description, indent) : '';
}

function comment(text: string, indent: string): string {
  if (text === '') return '';
  return `${text
    .split('\n')
    .map((line) => (line === '' ? '' : `${indent}// ${line}`))
    .join('\n')}\n`;
}
