// What a spec is at each stage: text with positions, then a resolved value that is plain, frozen and serialisable.

import { isPlainRef, type PlainRef } from '../registry/slot.ts';
import type { JsonObject, JsonValue } from '../util/json.ts';
import { isArrayOf, isNumber, isOneOf, isString, jsonShape } from '../util/json_shape.ts';

/** Where a value of a merged document was written. An override's `file` is `command line`, its column that in the argument. */
export interface SourcePlace {
  file: string;
  line: number;
  column: number;
  /** The whole argument, for an override. */
  argument?: string;
  /** Directory that relative paths in this place start from. */
  directory: string;
}

export type SpecPath = readonly (string | number)[];

/** One thing that is wrong with a value; its place in a file is found through the document that the value comes from. */
export interface Issue {
  path: SpecPath;
  part: 'key' | 'value';
  message: string;
}

/** A document after `extends`, overrides and interpolation: the value, and for every path in it where it comes from. */
export interface SpecDocument {
  value: JsonObject;
  /** The value before interpolation, for a sweep that sets fields which others refer to. */
  template: JsonObject;
  /** Place of the value at a path, or of its key; the nearest enclosing place where the path is absent. */
  placeOf(path: SpecPath, part?: 'key' | 'value'): SourcePlace;
  /** The file that was named on the command line. */
  file: string;
}

export const IF_EXISTS = ['ask', 'resume', 'delete', 'raise'] as const;
type IfExists = (typeof IF_EXISTS)[number];

/**
 * A run, ready to execute: every default filled in, every nested builder an object with its `builder` name, every path
 * absolute (`log_path` included). The fields of its trainer stand beside the common ones, as in the YAML.
 */
export interface RunSpec {
  trainer: string;
  log_path: string;
  seed: number;
  service: PlainRef;
  if_exists: IfExists;
  plugins: string[];
  [field: string]: JsonValue;
}

const shape = jsonShape<Pick<RunSpec, 'trainer' | 'log_path' | 'seed' | 'service' | 'if_exists' | 'plugins'>>({
  trainer: isString,
  log_path: isString,
  seed: isNumber,
  service: isPlainRef,
  if_exists: isOneOf(IF_EXISTS),
  plugins: isArrayOf(isString),
});

/** Whether the fields that every spec has are there; its trainer's own are for the schema of that. */
export const isRunSpec = (value: unknown): value is RunSpec => shape.is(value);

/** What a run computes, in a form that does not change when runtime fields, defaults' spelling or key order do. */
export interface Identity {
  /** Version of this recipe for identities. */
  version: number;
  /** 12 hex digits of SHA-256 over the version, the configuration and the seed. */
  hash: string;
  /** The same without the seed: runs that are replicates of one configuration share it. */
  config_hash: string;
  /** What was hashed: semantic, non-default fields; files by digest; builders with their versions. */
  config: JsonObject;
  seed: number;
}
