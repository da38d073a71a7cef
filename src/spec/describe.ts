// Schemas in words: what a field expects, what it got instead, and what the writer probably meant.

import { FIELD_OTHER_NAMES, FIELD_SLOT, FIELD_WEIGHTS } from '../registry/fields.ts';
import { closestNames } from '../registry/suggest.ts';
import { DECIMAL_NUMBER } from '../util/decimal.ts';
import { isJsonObject, type JsonValue } from '../util/json.ts';

const NOUNS: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'a mapping',
  array: 'a list',
  null: 'null',
};

/** What a schema takes, as a noun phrase: `a number above 0, or null`. */
export function describeSchema(schema: unknown): string {
  if (!isJsonObject(schema)) return 'a value';
  const slot = schema[FIELD_SLOT];
  const types = [schema.type ?? []].flat().filter((type) => typeof type === 'string');
  const orNull = types.includes('null') && types.length > 1 ? ', or null' : '';
  if (isJsonObject(slot)) return `${aBuilder(String(slot.name))}: its name, or a mapping with "builder"${orNull}`;
  if (schema[FIELD_WEIGHTS] !== undefined) {
    return `weights: a run directory, {run: DIR, checkpoint: NAME}, an adapter, a model or a tinker:// path${orNull}`;
  }
  if (Array.isArray(schema.anyOf)) return schema.anyOf.map(describeSchema).join(' or ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return oneOfThese(schema.enum);
  const nouns = types.filter((type) => type !== 'null' || types.length === 1).map((type) => NOUNS[type] ?? type);
  const limits = [...textLimits(schema), ...numberLimits(schema), ...listLimits(schema), ...mappingLimits(schema)];
  const elements = isJsonObject(schema.items) ? `, each element ${describeSchema(schema.items)}` : '';
  return `${[nouns.join(' or ') || 'a value', ...limits].join(' ')}${elements}${orNull}`;
}

/** `an evaluator builder`, as it is said: "an R L dataset". */
export function aBuilder(slot: string): string {
  return `${/^([aeiou]|rl)/.test(slot) ? 'an' : 'a'} ${slot} builder`;
}

function oneOfThese(values: readonly JsonValue[]): string {
  const texts = values.map((value) => JSON.stringify(value));
  return texts.length === 1 ? texts.join('') : `one of ${texts.join(', ')}`;
}

function numberLimits(schema: Record<string, JsonValue>): string[] {
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum, multipleOf } = schema;
  if (minimum !== undefined && maximum !== undefined) return [`from ${minimum} to ${maximum}`];
  const limits = [
    minimum === undefined ? '' : `of at least ${minimum}`,
    exclusiveMinimum === undefined ? '' : `above ${exclusiveMinimum}`,
    maximum === undefined ? '' : `of at most ${maximum}`,
    exclusiveMaximum === undefined ? '' : `below ${exclusiveMaximum}`,
    multipleOf === undefined ? '' : `divisible by ${multipleOf}`,
  ];
  return [limits.filter((limit) => limit !== '').join(' and ')].filter((text) => text !== '');
}

function textLimits({ minLength, maxLength, pattern, examples }: Record<string, JsonValue>): string[] {
  const [example] = Array.isArray(examples) ? examples : [];
  if (typeof example === 'string') return [`such as ${example}`];
  if (pattern !== undefined) return [`that matches /${pattern}/`];
  if (minLength === 1) return ['that is not empty'];
  return [
    ...(minLength === undefined ? [] : [`of at least ${minLength} characters`]),
    ...(maxLength === undefined ? [] : [`of at most ${maxLength} characters`]),
  ];
}

function listLimits({ minItems, maxItems }: Record<string, JsonValue>): string[] {
  return [
    ...(minItems === undefined ? [] : [`of at least ${minItems}`]),
    ...(maxItems === undefined ? [] : [`of at most ${maxItems}`]),
  ];
}

function mappingLimits({ minProperties }: Record<string, JsonValue>): string[] {
  return minProperties === undefined
    ? []
    : [`with at least ${minProperties === 1 ? 'one field' : `${minProperties} fields`}`];
}

/** What was given, short enough for one line. */
export function describeValue(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object' && value !== null)
    return Object.keys(value).length === 0 ? 'an empty mapping' : 'a mapping';
  if (typeof value === 'number') return Number.isNaN(value) ? 'not-a-number (.nan)' : spellNumber(value);
  if (value === null) return 'null (an empty value is null)';
  if (typeof value !== 'string') return String(value);
  return `the text ${JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value)}`;
}

function spellNumber(value: number): string {
  return Number.isFinite(value) ? String(value) : `${value > 0 ? '' : '-'}infinity (.inf)`;
}

/** What the writer may have meant, as a clause; empty where nothing comes to mind. */
export function hintFor(schema: unknown, value: unknown): string {
  if (!isJsonObject(schema) || typeof value !== 'string') return '';
  const types = [schema.type ?? []].flat();
  const otherNames = schema[FIELD_OTHER_NAMES];
  if (isJsonObject(otherNames) && Object.hasOwn(otherNames, value.toLowerCase()))
    return `did you mean "${otherNames[value.toLowerCase()]}"?`;
  if (Array.isArray(schema.enum)) {
    const [near] = closestNames(
      value,
      schema.enum.filter((name) => typeof name === 'string'),
      1,
    );
    if (near !== undefined) return `did you mean "${near}"?`;
  }
  if (types.includes('number') || types.includes('integer')) {
    const digits = plainNumber(value.trim());
    if (digits !== null) return `write ${digits}, without quotes or separators`;
  }
  if (types.includes('boolean')) {
    if (/^(yes|on|y|true|1)$/i.test(value)) return 'write true (YAML 1.2 knows true and false only)';
    if (/^(no|off|n|false|0)$/i.test(value)) return 'write false (YAML 1.2 knows true and false only)';
  }
  if (types.includes('null') && /^(none|nil|undefined)$/i.test(value)) return 'write null';
  if (types.includes('array')) return `write [${value}]`;
  return types.includes('object') ? spaceHint(value) : '';
}

/** A number as YAML writes it, of one with separators; null for what could be more than one. */
function plainNumber(text: string): string | null {
  const isNumber = (digits: string) => DECIMAL_NUMBER.test(digits);
  const ungrouped = text
    .replaceAll('_', '')
    .replace(/^[-+]?\d{1,3}([,'\s]\d{3})+(?!\d)/, (part) => part.replace(/[,'\s]/g, ''));
  if (isNumber(ungrouped)) return ungrouped;
  // The decimal comma of half the world.
  const pointed = text.replace(',', '.');
  return /^[-+]?\d*,\d/.test(text) && isNumber(pointed) ? pointed : null;
}

/** What is missing in `lora_rank:16`; empty for a text that is nothing of this form. */
export function spaceHint(text: string): string {
  const name = /^\s*(?:- +)?([\w.-]+):[^\s/:]/.exec(text)?.[1];
  return name === undefined ? '' : `a space is missing after "${name}:"`;
}
