// The space of a sweep: its axes as data, and all of their combinations.

import type { SpecPath } from '../spec/types.ts';
import type { JsonValue } from '../util/json.ts';

/** One field of a run spec that a point sets, and where in the sweep file its value stands. */
export interface Assignment {
  /** Dotted path in the run spec. */
  field: string;
  value: JsonValue;
  source: SpecPath;
}

/** What a point sets, in file order; everything else comes from the base. Replicates of it differ in their seed. */
export type Configuration = readonly Assignment[];

/** What a configuration sets, by dotted path. */
export function valuesOf(configuration: Configuration): Record<string, JsonValue> {
  return Object.fromEntries(configuration.map(({ field, value }) => [field, value]));
}

/** The path of the field's name, where `source` is that of its value. */
export function fieldPath({ field, source }: Assignment): SpecPath {
  return source.slice(0, source.lastIndexOf(field) + 1);
}

/** One factor of the space. A choice sets several fields where the axis is a zip group or the cases. */
export interface Axis {
  label: string;
  choices: readonly Configuration[];
}

/** Every combination of the choices of the axes, the last axis fastest. */
export function* product(axes: readonly Axis[]): Generator<Configuration> {
  const [first, ...rest] = axes;
  if (first === undefined) {
    yield [];
    return;
  }
  for (const choice of first.choices) for (const tail of product(rest)) yield [...choice, ...tail];
}
