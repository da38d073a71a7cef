// Reads the small JSON files of a run directory: what is wrong with one becomes part of the result, never an exception.

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { messageOf } from '../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';

export interface Reading {
  value: JsonObject | null;
  problem: string | null;
}

export function readJsonObject(path: string): Reading {
  try {
    const value: JsonValue = JSON.parse(readFileSync(path, 'utf8'));
    return isJsonObject(value) ? { value, problem: null } : damaged(path, 'is not a JSON object');
  } catch (error) {
    return damaged(path, messageOf(error));
  }
}

/** The objects of a JSON-lines file. Lines that are none are passed over: a torn last line is what a live or killed run leaves. */
export function readJsonLines(path: string): JsonObject[] {
  return readFileSync(path, 'utf8').split('\n').flatMap(objectIn);
}

/** The object that a line holds, if it holds one. */
export function objectIn(line: string): JsonObject[] {
  try {
    const value: JsonValue = JSON.parse(line);
    return isJsonObject(value) ? [value] : [];
  } catch {
    return [];
  }
}

function damaged(path: string, reason: string): Reading {
  return { value: null, problem: `${basename(path)}: ${reason}` };
}

export const textOf = (value: JsonValue | undefined): string | null => (typeof value === 'string' ? value : null);
export const numberOf = (value: JsonValue | undefined): number | null => (typeof value === 'number' ? value : null);
export const booleanOf = (value: JsonValue | undefined): boolean | null => (typeof value === 'boolean' ? value : null);
export const objectOf = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {});
