// Turns a spec into dotted fields: `{dataset: {batch_size: 16}}` has the field `dataset.batch_size`.

import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';

/** Objects are entered, lists are values: their members have no names to tell columns by. */
export function flatten(value: JsonObject): Map<string, JsonValue> {
  const fields = new Map<string, JsonValue>();
  collect(value, '', fields);
  return fields;
}

function collect(value: JsonObject, prefix: string, fields: Map<string, JsonValue>): void {
  for (const [key, member] of Object.entries(value)) {
    if (isJsonObject(member)) collect(member, `${prefix}${key}.`, fields);
    else fields.set(prefix + key, member);
  }
}
