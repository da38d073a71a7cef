// What the definition of a builder must say of each of its fields, so that specs, identities and docs can rely on it.

import { OptionalKind, type TSchema } from '@sinclair/typebox';
import type { AnyBuilder } from '../registry/builder.ts';
import { FIELD_SLOT } from '../registry/fields.ts';
import type { Registry } from '../registry/registry.ts';
import { type FieldShape, kindOf, shapeOf } from '../registry/shape.ts';
import { trainerSlot } from '../training/types.ts';
import { mismatches } from './mismatch.ts';
import { rootParams } from './root.ts';

/** Fields that are marked neither semantic nor runtime nor contents, as `slot/builder/field`. */
export function unclassifiedFields(registry: Registry): string[] {
  return registry
    .slots()
    .flatMap((slot) => registry.list(slot))
    .flatMap(({ slot, name, params }) => unmarked(params.properties).map((field) => `${slot}/${name}/${field}`));
}

function unmarked(properties: Record<string, TSchema>): string[] {
  return Object.entries(properties).flatMap(([name, schema]) => (kindOf(schema) === undefined ? [name] : []));
}

/** Everything that is wrong with a definition, one sentence each; the registry of the package has none. */
export function definitionProblems({ slot, name, params }: AnyBuilder): string[] {
  const reserved = new Set(['builder', 'extends', ...(slot === trainerSlot.name ? shapeOf(rootParams).names : [])]);
  const { fields, names } = shapeOf(params);
  const defaults = fields.flatMap(({ name, shape, default: value }) =>
    value === undefined || shape.is === 'builder' ? [] : [[name, value] as const],
  );
  return [
    ...[...names]
      .filter((field) => reserved.has(field))
      .map((field) => `${field}: every spec gives this name a meaning`),
    ...unmarked(params.properties).map((field) => `${field}: mark it semantic, runtime or contents`),
    ...fields.flatMap((field) => fieldProblems(field, params.properties[field.name]).map((p) => `${field.name}: ${p}`)),
    ...mismatches(params, Object.fromEntries(defaults)).map(
      ({ path, message }) => `${path.join('/')}: default: ${message}`,
    ),
  ].map((problem) => `${slot} builder "${name}", field ${problem}`);
}

function fieldProblems({ kind, shape, default: value }: FieldShape, schema: TSchema): string[] {
  const problems: string[] = [];
  if (!schema.description) problems.push('describe it');
  if (OptionalKind in schema && value === undefined) problems.push('give it a default; where there is none, null');
  if (kind === 'contents' && shape.is === 'leaf') problems.push('only a text, or a list of texts, can name contents');
  if (kind === 'semantic' && schema.format === 'path') problems.push('a path is contents or runtime: runs move');
  if (shape.is === 'leaf' && JSON.stringify(schema).includes(`"${FIELD_SLOT}"`)) {
    problems.push('a builder inside of a union is never found');
  }
  return problems;
}
