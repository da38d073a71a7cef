// Values against their schemas: ajv finds what does not fit, and each misfit becomes one sentence that helps.

import type { TObject } from '@sinclair/typebox';
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';
import { describeSchema, describeValue, hintFor, spaceHint } from './describe.ts';
import type { SpecPath } from './types.ts';

// Numbers that are not finite fit nowhere: run.json could not hold them. Formats (`path`) are not ajv's to check.
const ajv = new Ajv({ allErrors: true, verbose: true, strict: false, strictNumbers: true, validateFormats: false });

export const MISSING = 'required field is missing';

const validators = new WeakMap<TObject, ValidateFunction>();

export interface Mismatch {
  path: SpecPath;
  message: string;
}

/** What does not fit in an object whose defaults are filled in; empty if all does. */
export function mismatches(params: TObject, value: JsonObject): Mismatch[] {
  let validate = validators.get(params);
  if (validate === undefined) {
    // Whether fields are known and present is the walk's business, which knows of builders and defaults.
    validate = ajv.compile({ type: 'object', properties: params.properties });
    validators.set(params, validate);
  }
  if (validate(value)) return [];
  const errors = validate.errors ?? [];
  const unions = errors.filter(({ keyword }) => keyword === 'anyOf').map(({ schemaPath }) => `${schemaPath}/`);
  const seen = new Set<string>();
  return errors.flatMap((error) => {
    // A union that fails also reports why each of its members does.
    if (unions.some((union) => error.schemaPath.startsWith(union))) return [];
    const path = pathOf(error, value);
    if (seen.has(path.join('/'))) return [];
    seen.add(path.join('/'));
    return { path, message: messageFor(error, path) };
  });
}

function messageFor({ keyword, parentSchema, data }: ErrorObject, path: SpecPath): string {
  if (keyword === 'required') return MISSING;
  if (keyword === 'additionalProperties') return 'unknown field';
  // `{dpo:1}` is a mapping of "dpo:1" to nothing.
  const hint = data === null ? spaceHint(String(path.at(-1))) : hintFor(parentSchema, data);
  return `expected ${describeSchema(parentSchema)}; got ${describeValue(data)}${hint && `; ${hint}`}`;
}

/** ajv names the object that lacks or has a field; the field is what the message is about. */
function pathOf({ instancePath, params }: ErrorObject, root: JsonObject): SpecPath {
  const path: (string | number)[] = [];
  let value: JsonValue | undefined = root;
  for (const part of instancePath.split('/').slice(1)) {
    const name: string = part.replaceAll('~1', '/').replaceAll('~0', '~');
    path.push(Array.isArray(value) ? Number(name) : name);
    value = Array.isArray(value) ? value[Number(name)] : isJsonObject(value) ? value[name] : undefined;
  }
  const field: unknown = params.missingProperty ?? params.additionalProperty;
  return typeof field === 'string' ? [...path, field] : path;
}
