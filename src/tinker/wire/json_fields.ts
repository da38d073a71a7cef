// Reading JSON that others sent: each function takes a value and its path, and gives it narrowed or throws a WireError with the path.

import { WireError } from './error.ts';
import type { ExactJson, ExactJsonObject } from './json.ts';

export type Sent = ExactJson | undefined;
type Reader<T> = (value: Sent, place: string) => T;

const MAX_SHOWN_CHARACTERS = 60;

/** Null counts as absent: old clients send nulls for what they leave out. */
export function fieldOf(object: ExactJsonObject, name: string): Sent {
  return Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined;
}

export function objectAt(value: Sent, place: string): ExactJsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw expected('an object', value, place);
}

export function listAt<T>(value: Sent, place: string, read: Reader<T>): T[] {
  if (!Array.isArray(value)) throw expected('a list', value, place);
  return value.map((item, i) => read(item, `${place}[${i}]`));
}

/** As a list of numbers, with no path made for those that are right: there are many. */
export function numbersAt(value: Sent, place: string): number[] {
  if (!Array.isArray(value)) throw expected('a list', value, place);
  return value.map((item, i) =>
    typeof item === 'number' && Number.isFinite(item) ? item : numberAt(item, `${place}[${i}]`),
  );
}

export function integersAt(value: Sent, place: string): number[] {
  if (!Array.isArray(value)) throw expected('a list', value, place);
  return value.map((item, i) =>
    typeof item === 'number' && Number.isSafeInteger(item) ? item : integerAt(item, `${place}[${i}]`),
  );
}

/** What an object holds by name, each value read the same way. */
export function recordAt<T>(value: Sent, place: string, read: Reader<T>): Record<string, T> {
  const members = Object.entries(objectAt(value, place));
  return Object.fromEntries(members.map(([key, member]) => [key, read(member, `${place}.${key}`)]));
}

export function textAt(value: Sent, place: string): string {
  if (typeof value === 'string') return value;
  throw expected('a text', value, place);
}

export function numberAt(value: Sent, place: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'bigint') return Number(value);
  throw expected('a number', value, place);
}

/** An integer that a number holds exactly. */
export function integerAt(value: Sent, place: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw expected('an integer of at most 2^53', value, place);
}

export function optional<T>(value: Sent, place: string, read: Reader<T>): T | undefined {
  return value === undefined || value === null ? undefined : read(value, place);
}

export function nullOr<T>(value: Sent, place: string, read: Reader<T>): T | null {
  return value === undefined || value === null ? null : read(value, place);
}

export function expected(what: string, value: Sent, place: string): WireError {
  return new WireError(place, `must be ${what}, not ${shown(value)}`);
}

function shown(value: Sent): string {
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text;
}
