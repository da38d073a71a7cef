// Whether the field at a path of a resolved run decides what the run computes.

import type { FieldKind } from '../registry/fields.ts';
import type { Registry } from '../registry/registry.ts';
import { type FieldShape, type Shape, shapeOf } from '../registry/shape.ts';
import { paramsOfRun } from '../spec/root.ts';
import type { RunSpec, SpecPath } from '../spec/types.ts';
import { trainerSlot } from '../training/types.ts';
import { isJsonObject, type JsonValue } from '../util/json.ts';

/** The kind of the field at a path, or of the nearest field above it that has one. All that is below a runtime field is runtime. */
export function fieldKindAt(spec: RunSpec, path: SpecPath, registry: Registry): FieldKind {
  const trainer = registry.find(trainerSlot.name, spec.trainer);
  let shape: Shape = trainer === undefined ? { is: 'leaf' } : shapeOf(paramsOfRun(trainer));
  let value: JsonValue | undefined = spec;
  let kind: FieldKind = 'semantic';
  for (const segment of path) {
    if (shape.is === 'builder') shape = parametersOf(shape.slot.name, value, registry);
    if (shape.is === 'list') {
      shape = shape.item;
    } else if (shape.is === 'object') {
      const field: FieldShape | undefined = shape.fields.find(({ name }) => name === segment);
      if (field === undefined) return kind;
      kind = field.kind;
      shape = field.shape;
    }
    if (kind === 'runtime') return kind;
    value = Array.isArray(value) ? value[Number(segment)] : isJsonObject(value) ? value[segment] : undefined;
  }
  return kind;
}

function parametersOf(slot: string, value: JsonValue | undefined, registry: Registry): Shape {
  const name = isJsonObject(value) ? value.builder : undefined;
  const builder = typeof name === 'string' ? registry.find(slot, name) : undefined;
  return builder === undefined ? { is: 'leaf' } : shapeOf(builder.params);
}
