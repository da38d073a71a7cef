// Parameters as `build` receives them: with the default of all that is absent, and every reference with its slot.

import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';
import type { ObjectShape, Shape } from './shape.ts';
import { reference } from './slot.ts';

/** Parameters inside of a reference are left alone: they are completed when it is built in its turn. */
export function complete({ fields }: ObjectShape, given: JsonObject): JsonObject {
  const result = { ...given };
  for (const { name, shape, default: fallback } of fields) {
    const value = Object.hasOwn(given, name) ? given[name] : fallback;
    if (value !== undefined) result[name] = completeValue(shape, value, fallback);
  }
  return result;
}

function completeValue(shape: Shape, value: JsonValue, fallback?: JsonValue): JsonValue {
  switch (shape.is) {
    case 'list':
      return Array.isArray(value) ? value.map((item) => completeValue(shape.item, item)) : value;
    case 'object':
      return isJsonObject(value) ? complete(shape, value) : value;
    case 'builder':
      if (typeof value === 'string') return reference(shape.slot, { builder: value });
      return isJsonObject(value)
        ? reference(shape.slot, { ...value, builder: nameIn(value) ?? nameIn(fallback) ?? '' })
        : value;
    default:
      return value;
  }
}

/** A mapping that names no builder sets fields of the one that the default names. */
function nameIn(ref: JsonValue | undefined): string | undefined {
  return isJsonObject(ref) && typeof ref.builder === 'string' ? ref.builder : undefined;
}
