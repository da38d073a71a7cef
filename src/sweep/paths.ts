// Setting values at the paths of a spec's plain value.

import { dottedPath } from '../spec/path.ts';
import { missingStage } from '../spec/stage_names.ts';
import type { SpecPath } from '../spec/types.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';

/**
 * A copy with the value set at a path, sharing all else with the original. Fields that are absent are made, and the bare
 * name of a builder becomes a mapping, as for `key=value` on the command line. A text says what is in the way.
 */
export function withValueAt(object: JsonObject, path: SpecPath, value: JsonValue): JsonObject | string {
  const [field] = path;
  if (path.length === 1 && typeof field === 'string') return { ...object, [field]: value };
  const changed = set(object, path, 0, value);
  return changed.problem ?? (isJsonObject(changed.value) ? changed.value : 'it has no fields');
}

type Change = { value: JsonValue; problem?: undefined } | { value?: undefined; problem: string };

function set(at: JsonValue | undefined, path: SpecPath, depth: number, value: JsonValue): Change {
  const segment = path[depth];
  if (segment === undefined) return { value };
  const where = dottedPath(path.slice(0, depth));
  if (typeof segment === 'number') {
    if (!Array.isArray(at)) return { problem: `${where} is no list` };
    if (segment >= at.length) return { problem: `${where} has ${at.length} elements, counted from 0` };
    const item = set(at[segment], path, depth + 1, value);
    return item.problem === undefined ? { value: at.with(segment, item.value) } : item;
  }
  const fields = at === undefined || at === null ? {} : typeof at === 'string' ? { builder: at } : at;
  if (!isJsonObject(fields)) return { problem: `${where} has no fields` };
  const missing = Object.hasOwn(fields, segment) ? null : missingStage(path, depth, Object.keys(fields));
  if (missing !== null) return { problem: missing };
  const field = set(fields[segment], path, depth + 1, value);
  return field.problem === undefined ? { value: { ...fields, [segment]: field.value } } : field;
}
