// The fields of a spec as other tools keep parameters: one level, by dotted path.

import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';

/** Numbers, texts and truth values as they are; lists as JSON; what is null or an empty object is left out. */
export function flatFields(spec: JsonObject): [string, number | string | boolean][] {
  return Object.entries(spec).flatMap(([name, value]) => flat(name, value));
}

function flat(path: string, value: JsonValue): [string, number | string | boolean][] {
  if (value === null) return [];
  if (Array.isArray(value)) return [[path, JSON.stringify(value)]];
  if (!isJsonObject(value)) return [[path, value]];
  return Object.entries(value).flatMap(([name, member]) => flat(`${path}.${name}`, member));
}
