// What a schema of parameters means to a spec: which fields hold builders, paths or further fields. Read from it once.

import { Kind, type TObject, type TProperties, type TSchema } from '@sinclair/typebox';
import { deepFreeze, type JsonValue } from '../util/json.ts';
import { FIELD_KIND, FIELD_REVISION, FIELD_SLOT, FIELD_SOURCE, FIELD_WEIGHTS, type FieldKind } from './fields.ts';
import type { AnySlot } from './slot.ts';

/**
 * - `leaf`: no more than its value.
 * - `path`: an `input` must be there, a `place` need not, and a `name` may name something that is no file (a hub's model).
 *   `source`: where to get what is not there.
 * - `weights`: names weights; `model` is the field beside it that says of which model.
 * - `revision`: of the data set of the hub that the field `dataset` beside it names.
 * - `builder`: a nested builder of a slot.
 * - `list`, `object`: hold any of these.
 */
export type Shape =
  | { is: 'leaf' }
  | { is: 'path'; role: 'input' | 'place' | 'name'; source: string | null }
  | { is: 'weights'; model: string | null }
  | { is: 'revision'; dataset: string }
  | { is: 'builder'; slot: AnySlot }
  | { is: 'list'; item: Shape }
  | ObjectShape;

export interface ObjectShape {
  is: 'object';
  fields: readonly FieldShape[];
  names: ReadonlySet<string>;
}

export interface FieldShape {
  name: string;
  kind: FieldKind;
  shape: Shape;
  /** Undefined for a required field. */
  default: JsonValue | undefined;
}

const shapes = new WeakMap<TObject, ObjectShape>();

/** The shape of parameters. A field without a mark counts as semantic here; `fieldProblems` finds it. */
export function shapeOf(params: TObject): ObjectShape {
  const known = shapes.get(params);
  if (known !== undefined) return known;
  const shape = objectShape(params.properties, 'semantic');
  shapes.set(params, shape);
  return shape;
}

/** The mark of a field, or undefined where it has none. */
export function kindOf(schema: TSchema): FieldKind | undefined {
  const kind: unknown = schema[FIELD_KIND];
  return kind === 'semantic' || kind === 'runtime' || kind === 'contents' ? kind : undefined;
}

function objectShape(properties: TProperties, inherited: FieldKind): ObjectShape {
  const fields = Object.entries(properties).map(([name, schema]): FieldShape => {
    const kind = kindOf(schema) ?? inherited;
    return { name, kind, shape: schemaShape(schema, kind), default: defaultOf(schema) };
  });
  return { is: 'object', fields, names: new Set(Object.keys(properties)) };
}

function defaultOf(schema: TSchema): JsonValue | undefined {
  return schema.default === undefined ? undefined : deepFreeze<JsonValue>(structuredClone(schema.default));
}

function schemaShape(schema: TSchema, kind: FieldKind): Shape {
  const slot: unknown = schema[FIELD_SLOT];
  if (isSlot(slot)) return { is: 'builder', slot };
  const model: unknown = schema[FIELD_WEIGHTS];
  if (model !== undefined) return { is: 'weights', model: typeof model === 'string' ? model : null };
  const dataset: unknown = schema[FIELD_REVISION];
  if (typeof dataset === 'string') return { is: 'revision', dataset };
  const types: unknown[] = [schema.type].flat();
  if (types.includes('object') && isProperties(schema.properties)) return objectShape(schema.properties, kind);
  if (types.includes('array') && isSchema(schema.items)) {
    const item = schemaShape(schema.items, kind);
    return item.is === 'leaf' ? item : { is: 'list', item };
  }
  if (!types.includes('string')) return { is: 'leaf' };
  const given: unknown = schema[FIELD_SOURCE];
  const source = typeof given === 'string' ? given : null;
  if (schema.format === 'path') return { is: 'path', role: kind === 'contents' ? 'input' : 'place', source };
  return kind === 'contents' ? { is: 'path', role: 'name', source } : { is: 'leaf' };
}

function isSlot(value: unknown): value is AnySlot {
  return typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string';
}

function isSchema(value: unknown): value is TSchema {
  return typeof value === 'object' && value !== null && Kind in value;
}

function isProperties(value: unknown): value is TProperties {
  return typeof value === 'object' && value !== null && Object.values(value).every(isSchema);
}
