// The readable half of a run's directory name: what its point sets, and its seed, in letters that every file system takes.

import { isJsonObject, type JsonValue } from '../json.ts';

const LONGEST = 80;

/**
 * `learning_rate=0.001,batch_size=32,seed=0`, at most 80 characters. A dotted field goes by its last part where that is
 * enough to tell the fields of the point apart. It need not be unique, since the identity stands behind it.
 */
export function runName(axes: Record<string, JsonValue>, seed: number): string {
  const fields = Object.keys(axes);
  const parts = Object.entries(axes).map(([field, value]) => safe(`${shortField(field, fields)}=${shortValue(value)}`));
  const end = `seed=${seed}`;
  const start = parts.join(',').slice(0, LONGEST - end.length - 1);
  return start === '' ? end : `${start},${end}`;
}

function shortField(field: string, fields: readonly string[]): string {
  const last = lastPart(field);
  return fields.some((other) => other !== field && lastPart(other) === last) ? field : last;
}

function lastPart(field: string): string {
  return field.slice(field.lastIndexOf('.') + 1);
}

/** A builder goes by its name, a path by its last part. */
function shortValue(value: JsonValue): string {
  if (Array.isArray(value)) return value.map(shortValue).join('+');
  if (isJsonObject(value)) return shortValue(value.builder ?? Object.values(value).map(shortValue).join('+'));
  const text = String(value).replace(/\/+$/, '');
  return text.slice(text.lastIndexOf('/') + 1);
}

function safe(text: string): string {
  return text.replace(/[^\w.+=-]+/g, '_');
}
