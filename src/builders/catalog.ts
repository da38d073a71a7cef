// The builders of a registry as a catalogue: what there is by slot, and what each takes.

import type { TObject, TProperties } from '@sinclair/typebox';
import pc from 'picocolors';
import type { AnyBuilder } from '../registry/builder.ts';
import type { FieldKind } from '../registry/fields.ts';
import type { Registry } from '../registry/registry.ts';
import { type ObjectShape, shapeOf } from '../registry/shape.ts';
import { closestNames, didYouMean } from '../registry/suggest.ts';
import { describeSchema } from '../spec/describe.ts';
import { paramsOfRun } from '../spec/root.ts';
import { trainerSlot } from '../training/types.ts';
import { ConfigurationError } from '../util/errors.ts';
import { type JsonValue, spacedJson } from '../util/json.ts';
import { programName } from '../util/program_name.ts';
import { wrapped } from '../util/wrapped.ts';

export interface CatalogEntry {
  slot: string;
  name: string;
  version: number;
  doc: string;
  params: CatalogField[];
}

interface CatalogField {
  name: string;
  /** What it takes, in words. */
  type: string;
  kind: FieldKind;
  required: boolean;
  /** Absent where the field is required. */
  default?: JsonValue;
  description: string;
}

/**
 * The builders of one slot, or of all; those of one name, or all. A slot that no builder is named like may stand for the name.
 * @throws ConfigurationError for a slot or name that is not there
 */
export function catalog(registry: Registry, filter: { slot?: string; name?: string } = {}): CatalogEntry[] {
  const slots = filter.slot === undefined ? registry.slots() : [known(filter.slot, registry.slots(), 'slot')];
  const builders = slots.flatMap((slot) => registry.list(slot));
  if (filter.name === undefined) return builders.map(entryOf);
  const names = [...new Set(builders.map((builder) => builder.name))];
  const isSlot = !names.includes(filter.name) && slots.includes(filter.name);
  const name = isSlot ? filter.name : known(filter.name, names, 'builder');
  return builders.filter((builder) => (isSlot ? builder.slot : builder.name) === name).map(entryOf);
}

function known(name: string, names: readonly string[], what: string): string {
  if (names.includes(name)) return name;
  throw new ConfigurationError(`unknown ${what} "${name}"${didYouMean(closestNames(name, names))}`, {
    hint: `"${programName()} builders" lists all that there is.`,
  });
}

function entryOf(builder: AnyBuilder): CatalogEntry {
  const { slot, name, version, doc } = builder;
  const params = slot === trainerSlot.name ? paramsOfRun(builder) : builder.params;
  return { slot, name, version, doc, params: fieldsOf(params) };
}

function fieldsOf(params: TObject): CatalogField[] {
  return entriesOf(shapeOf(params), params.properties, '');
}

/** Each field, and behind it those of the mapping that it is, by the names that set them on a command line. */
function entriesOf({ fields }: ObjectShape, properties: TProperties, prefix: string): CatalogField[] {
  return fields.flatMap(({ name, kind, shape, default: value }) => {
    const schema = properties[name];
    const field = {
      name: `${prefix}${name}`,
      type: describeSchema(schema),
      kind,
      required: value === undefined,
      ...(value === undefined ? {} : { default: value }),
      description: schema.description ?? '',
    };
    return shape.is === 'object' ? [field, ...entriesOf(shape, schema.properties, `${field.name}.`)] : [field];
  });
}

/** One paragraph a builder under its slot, in lines of at most `columns` characters. */
export function formatCatalog(entries: readonly CatalogEntry[], columns = Number.POSITIVE_INFINITY): string {
  const width = Math.max(0, ...entries.map(({ name }) => name.length));
  return [...new Set(entries.map(({ slot }) => slot))]
    .map((slot) => {
      const lines = entries
        .filter((entry) => entry.slot === slot)
        .map(({ name, doc }) => `  ${name.padEnd(width)}  ${wrapped(doc, width + 4, columns, pc.dim)}`);
      return [pc.bold(slot), ...lines].join('\n');
    })
    .join('\n\n');
}

/** One builder with its parameters: what each takes, its default, and how it enters the identity of a run. */
export function formatEntry(
  { slot, name, version, doc, params }: CatalogEntry,
  columns = Number.POSITIVE_INFINITY,
): string {
  const lines = params.flatMap((field) => [
    `  ${pc.bold(field.name)}  ${wrapped(field.type, 6, columns, String, field.name.length + 4)}`,
    `      ${wrapped([field.description, defaultText(field), KIND_NOTES[field.kind]].filter((text) => text !== '').join(' '), 6, columns)}`,
  ]);
  return [
    `${pc.bold(name)}  ${slot}, version ${version}`,
    wrapped(doc, 0, columns),
    ...(lines.length > 0 ? ['', ...lines] : []),
  ].join('\n');
}

const KIND_NOTES: Record<FieldKind, string> = {
  semantic: '',
  runtime: pc.dim('(runtime)'),
  contents: pc.dim('(by contents)'),
};

function defaultText(field: CatalogField): string {
  return field.default === undefined ? pc.yellow('Required.') : `Default: ${spacedJson(field.default)}.`;
}
