// Shapes of the JSON files of a run directory: what narrows parsed JSON to a type, and names the first field that does not fit.

import { isJsonObject } from './json.ts';

type Guard<T> = (value: unknown) => value is T;

export interface Shape<T> {
  is: Guard<T>;
  /** What is wrong with a value, for a message; null if nothing is. */
  problem(value: unknown): string | null;
}

/** The shape of an object by the guards of its fields. Fields that it does not name are let pass: a newer version may have written them. */
export function jsonShape<T extends object>(fields: { [K in keyof T]-?: Guard<T[K]> }): Shape<T> {
  const guards: [string, (value: unknown) => boolean][] = Object.entries(fields);
  const problem = (value: unknown): string | null => {
    if (value === undefined) return 'is not valid JSON';
    if (!isJsonObject(value)) return 'is not an object';
    const wrong = guards.find(([field, fits]) => !fits(value[field]));
    if (wrong === undefined) return null;
    const found = value[wrong[0]];
    return found === undefined
      ? `"${wrong[0]}" is missing`
      : `"${wrong[0]}" cannot be ${JSON.stringify(found).slice(0, 60)}`;
  };
  return { is: (value: unknown): value is T => problem(value) === null, problem };
}

export const isString = (value: unknown): value is string => typeof value === 'string';
export const isNumber = (value: unknown): value is number => typeof value === 'number';
export const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
/** No part of JSON, but of the objects that plugins give. */
export const isFunction = (value: unknown): boolean => typeof value === 'function';

export function isOneOf<const T>(values: readonly T[]): Guard<T> {
  return (value: unknown): value is T => values.some((known) => known === value);
}

export function isNullOr<T>(guard: Guard<T>): Guard<T | null> {
  return (value: unknown): value is T | null => value === null || guard(value);
}

export function isOptional<T>(guard: Guard<T>): Guard<T | undefined> {
  return (value: unknown): value is T | undefined => value === undefined || guard(value);
}

export function isArrayOf<T>(guard: Guard<T>): Guard<T[]> {
  return (value: unknown): value is T[] => Array.isArray(value) && value.every((item) => guard(item));
}

export function isRecordOf<T>(guard: Guard<T>): Guard<Record<string, T>> {
  return (value: unknown): value is Record<string, T> => isJsonObject(value) && Object.values(value).every(guard);
}
