// Where two resolved specs differ, for messages.

import { equalJson, isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';

/** A field that is not the same in both; undefined where one of them lacks it. */
export interface Difference {
  /** Dotted, `dataset.batch_size`. */
  path: string;
  a: JsonValue | undefined;
  b: JsonValue | undefined;
}

/** The fields in which two specs differ, runtime ones too, in the order of the first. */
export function differingFields(a: JsonObject, b: JsonObject): Difference[] {
  const fieldsOfA = new Map(leaves(a, ''));
  const fieldsOfB = new Map(leaves(b, ''));
  return [...new Set([...fieldsOfA.keys(), ...fieldsOfB.keys()])]
    .map((path) => ({ path, a: fieldsOfA.get(path), b: fieldsOfB.get(path) }))
    .filter(({ a, b }) => a === undefined || b === undefined || !equalJson(a, b));
}

/** Lists of plain values are one value; lists of builders and mappings are walked. */
function leaves(value: JsonValue, path: string): [string, JsonValue][] {
  if (Array.isArray(value) && value.some(isJsonObject)) {
    return value.flatMap((item, i) => leaves(item, `${path}[${i}]`));
  }
  if (!isJsonObject(value)) return [[path, value]];
  const names = Object.keys(value);
  if (names.length === 0) return [[path, value]];
  return names.flatMap((name) => leaves(value[name] ?? null, path === '' ? name : `${path}.${name}`));
}
