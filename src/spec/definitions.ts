// What the definition of a builder must say of each of its fields, so that specs, identities and docs can rely on it.

import { OptionalKind, type TObject, type TSchema } from '@sinclair/typebox';
import type { AnyBuilder } from '../registry/builder.ts';
import { FIELD_SLOT } from '../registry/fields.ts';
import type { Registry } from '../registry/registry.ts';
import { type FieldShape, kindOf, shapeOf } from '../registry/shape.ts';
import { trainerSlot } from '../training/types.ts';
import { MISSING } from './mismatch.ts';
import { slashPath } from './path.ts';
import { resolveFields } from './resolve.ts';
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
export function definitionProblems({ slot, name, params, definition }: AnyBuilder, registry: Registry): string[] {
  if (!('build' in definition) || typeof definition.build !== 'function')
    return [`${slot} builder "${name}" has no function "build"`];
  const reserved = new Set(['builder', 'extends', ...(slot === trainerSlot.name ? shapeOf(rootParams).names : [])]);
  const { fields, names } = shapeOf(params);
  const inherited = [...names].filter((field) => field in {});
  const problems = [
    ...inherited.map((field) => `${field}: every object has something of this name`),
    ...[...names]
      .filter((field) => reserved.has(field))
      .map((field) => `${field}: every spec gives this name a meaning`),
    ...unmarked(params.properties).map((field) => `${field}: mark it semantic, runtime or contents`),
    ...fields.flatMap((field) => fieldProblems(field, params.properties[field.name]).map((p) => `${field.name}: ${p}`)),
    ...(inherited.length > 0 ? [] : defaultProblems(params, registry)),
  ];
  return problems.map((problem) => `${slot} builder "${name}", field ${problem}`);
}

/** Defaults are held to what is expected of values: nothing but required fields may be wrong where nothing is given. */
function defaultProblems(params: TObject, registry: Registry): string[] {
  const anywhere = { cwd: '/', directoryOf: () => '/', exists: () => true };
  return resolveFields(params, {}, registry, anywhere)
    .issues.filter(({ message }) => message !== MISSING)
    .map(({ path, message }) => `${slashPath(path)}: default: ${message}`);
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
