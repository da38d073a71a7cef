// Dotted paths as users write them, `evaluators[0].max_tokens`, and their form in messages, `evaluators/0/max_tokens`.

import { isJsonObject, type JsonValue } from '../util/json.ts';
import type { SpecPath } from './types.ts';

const SEGMENT = /^([^.[\]\s=/]+)((?:\[\d+\])*)$/;

/** The path that a dotted text names, or null where it names none. */
export function parsePath(text: string): SpecPath | null {
  const path: (string | number)[] = [];
  for (const part of text.split('.')) {
    const match = SEGMENT.exec(part);
    if (match === null || match[1] === '__proto__') return null;
    const [, name = '', indices = ''] = match;
    path.push(name, ...[...indices.matchAll(/\d+/g)].map(([index]) => Number(index)));
  }
  return path;
}

/** The text that `parsePath` reads back. */
export function dottedPath(path: SpecPath): string {
  return path
    .map((segment, i) => (typeof segment === 'number' ? `[${segment}]` : `${i === 0 ? '' : '.'}${segment}`))
    .join('');
}

/** The form that diagnostics show. */
export function slashPath(path: SpecPath): string {
  return path.join('/');
}

/** The value at a path; undefined where there is none. */
export function valueAt(value: JsonValue | undefined, path: SpecPath): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>((at, segment) => {
    if (Array.isArray(at)) return typeof segment === 'number' ? at[segment] : undefined;
    return isJsonObject(at) && Object.hasOwn(at, segment) ? at[segment] : undefined;
  }, value);
}
