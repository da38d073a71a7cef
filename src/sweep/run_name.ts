// The readable half of a run's directory name: what its point sets, and its seed, in letters that every file system takes.

import { isJsonObject, type JsonValue } from '../util/json.ts';
import type { Assignment, Configuration } from './space.ts';

const LONGEST = 80;

/**
 * A function that names runs as `learning_rate=0.001,batch_size=32,seed=0`, with the stage before it where they are of one, in at
 * most 80 characters. A dotted field goes by its last part where no other field has the same, but for the seed of another stage. Names
 * need not be unique, since the identity stands behind them.
 */
export function runNamer(
  fields: Iterable<string>,
): (configuration: Configuration, seed: number, stage?: string | null) => string {
  const short = shortFields(new Set(fields));
  // The points of a sweep share their assignments, so each is spelled once.
  const spelled = new WeakMap<Assignment, string>();
  const spell = (assignment: Assignment): string => {
    const known = spelled.get(assignment);
    if (known !== undefined) return known;
    const text = safe(`${short.get(assignment.field) ?? assignment.field}=${shortValue(assignment.value)}`);
    spelled.set(assignment, text);
    return text;
  };
  return (configuration, seed, stage = null) => {
    const end = `seed=${seed}`;
    const parts = configuration.filter(({ field }) => field !== `stages.${stage}.seed`).map(spell);
    const start = (stage === null ? parts : [stage, ...parts]).join(',').slice(0, LONGEST - end.length - 1);
    return start === '' ? end : `${start},${end}`;
  };
}

function shortFields(fields: ReadonlySet<string>): Map<string, string> {
  const counts = new Map<string, number>();
  for (const field of fields) counts.set(lastPart(field), (counts.get(lastPart(field)) ?? 0) + 1);
  const isPlain = (field: string) => counts.get(lastPart(field)) === 1 && lastPart(field) !== 'seed';
  return new Map([...fields].map((field) => [field, isPlain(field) ? lastPart(field) : field]));
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
