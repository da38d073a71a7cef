// Plain JSON values, and the few operations on them that the rest needs: narrowing, equality, freezing and canonical text.

import { messageOf } from './errors.ts';

export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue;
}

/** What is wrong with text that `JSON.parse` refuses, in the same words on every Node: newer ones add the place once more. */
export function jsonProblem(error: unknown): string {
  return `not valid JSON: ${messageOf(error).replace(/ \(line \d+ column \d+\)$/, '')}`;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON text with sorted keys and no white space: equal values give equal text, whatever the order of their keys. */
export function canonicalJson(value: JsonValue): string {
  if (typeof value === 'number' && Number.isFinite(value)) return `${value}`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  let text = '';
  for (const key of Object.keys(value).sort()) {
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`;
  }
  return `{${text}}`;
}

/** A `JSON.stringify` replacer: numbers that JSON has no word for become the strings "NaN", "Infinity" and "-Infinity". */
export function spellNumber(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

/** With an exponent of at least two digits, as Python writes numbers below 1e-4 and from 1e16. */
export function exponentText(value: number): string {
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

/** JSON with a space after commas and colons, and numbers as Python writes them: as models are trained to write it. */
export function spacedJson(value: JsonValue): string {
  if (typeof value === 'number' && value !== 0 && Math.abs(value) < 1e-4) return exponentText(value);
  if (Array.isArray(value)) return `[${value.map(spacedJson).join(', ')}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}: ${spacedJson(member)}`);
  return `{${members.join(', ')}}`;
}

/** Whether two values have the same canonical text. */
export function equalJson(a: JsonValue, b: JsonValue): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => equalJson(item, b[i] ?? null));
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && equalJson(a[name] ?? null, b[name] ?? null))
  );
}

/** Freezes a value and all in it: what one stage hands to the next cannot change behind its back. */
export function deepFreeze<T extends JsonValue>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const item of Object.values(value)) deepFreeze(item);
  }
  return value;
}

export const textOf = (value: JsonValue | undefined): string | null => (typeof value === 'string' ? value : null);
export const numberOf = (value: JsonValue | undefined): number | null => (typeof value === 'number' ? value : null);
export const booleanOf = (value: JsonValue | undefined): boolean | null => (typeof value === 'boolean' ? value : null);
/** Empty for what is no object, so that what a foreign file lacks reads as absent. */
export const objectOf = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});
