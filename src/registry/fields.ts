// Marks on the fields of a builder's parameters: which of them decide what a run computes, and which only how it is run.

import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { isJsonObject, type JsonValue } from '../util/json.ts';
import type { AnySlot, BuilderRef } from './slot.ts';

/**
 * - `semantic`: part of the run's identity when it differs from its default.
 * - `runtime`: never part of it (paths of logs, URLs, cadence of saves, concurrency).
 * - `contents`: names a file or directory, which enters the identity by its contents; a string that names nothing local
 *   (a hub name) enters as it stands.
 */
export type FieldKind = 'semantic' | 'runtime' | 'contents';

export const FIELD_KIND = 'x-cookbook-kind';
export const FIELD_SLOT = 'x-cookbook-slot';
/** `true` on a semantic field of a trainer that only says how far a run goes: a finished run may go on with a larger value. */
export const FIELD_EXTENDS = 'x-cookbook-extends';

/** On a field that names a file: where to get the file, for those who do not have it. */
export const FIELD_SOURCE = 'x-cookbook-source';

/** On a field that names weights: the field beside it that says which model they are of, or true where none does. */
export const FIELD_WEIGHTS = 'x-cookbook-weights';

/** On a field that names a revision: the field beside it that says of which data set of the hub. */
export const FIELD_REVISION = 'x-cookbook-revision';

/** On a field that is one of a few strings: the string that is meant by names that others give to it, in lower case. */
export const FIELD_OTHER_NAMES = 'x-cookbook-other-names';

export const semantic = <T extends TSchema>(schema: T): T => ({ ...schema, [FIELD_KIND]: 'semantic' });
export const runtime = <T extends TSchema>(schema: T): T => ({ ...schema, [FIELD_KIND]: 'runtime' });
export const contents = <T extends TSchema>(schema: T): T => ({ ...schema, [FIELD_KIND]: 'contents' });

/** A field that also takes null. One `type` array rather than a union, so that an error names the one thing expected. */
export function nullable<T extends TSchema>(schema: T) {
  const types = schema.type === undefined ? {} : { type: [schema.type, 'null'].flat() };
  const values = Array.isArray(schema.enum) ? { enum: [...schema.enum, null] } : {};
  return Type.Unsafe<Static<T> | null>({ ...schema, ...types, ...values });
}

/** One of a few strings: `enum` gives one error where a union of literals gives one a member. */
export function oneOf<const T extends string>(values: readonly T[], options: object = {}) {
  return Type.Unsafe<T>({ type: 'string', enum: [...values], ...options });
}

/** A nested builder: `{builder: NAME, …its parameters}`, or the bare NAME where it needs no parameters. */
export function builderOf<S extends AnySlot>(slot: S, options: object = {}) {
  return Type.Unsafe<BuilderRef<S>>({ type: 'object', [FIELD_SLOT]: slot, ...options });
}

/**
 * Weights, by what made them: a run directory, or one of its checkpoints (`final`, `best`, or its name); a directory with a
 * checkpoint, an adapter or a model; a GGUF file; a model's name on the hub; a `tinker://` path of the service.
 */
export type WeightsRef = string | { run: string; checkpoint: string };

/** A field that names weights. `model`: the field beside it that says which model they must be of. */
export function weights({ model, ...options }: { model?: string } & Record<string, JsonValue>) {
  const properties = {
    run: { type: 'string', minLength: 1, description: 'A run directory.' },
    stage: { type: 'string', minLength: 1, description: 'In place of run: another stage of the same spec.' },
    checkpoint: { type: 'string', minLength: 1, default: 'final', description: 'final, best, or the name of one.' },
  };
  return Type.Unsafe<WeightsRef>({
    type: ['string', 'object'],
    minLength: 1,
    properties,
    required: ['run'],
    additionalProperties: false,
    [FIELD_KIND]: 'contents',
    [FIELD_WEIGHTS]: model ?? true,
    ...options,
  });
}

/** A revision of the data set that the field beside it names; a run is known by the commit that it led to. */
export function revisionOf(dataset: string, options: object) {
  return Type.String({ minLength: 1, ...options, [FIELD_KIND]: 'semantic', [FIELD_REVISION]: dataset });
}

export function isWeightsRef(value: JsonValue | undefined): value is WeightsRef {
  if (typeof value === 'string') return true;
  return isJsonObject(value) && typeof value.run === 'string' && typeof value.checkpoint === 'string';
}
