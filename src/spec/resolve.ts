// A document's value to a RunSpec: every field checked, every default filled in, every path absolute. Pure.

import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TObject } from '@sinclair/typebox';
import { hubPathText, isHubPath, parseHubPath } from '../hub/hub_path.ts';
import { isHubName } from '../hub/hub_settings.ts';
import { isWeightsRef } from '../registry/fields.ts';
import type { Registry } from '../registry/registry.ts';
import { type FieldShape, type ObjectShape, type Shape, shapeOf } from '../registry/shape.ts';
import { closestNames, didYouMean } from '../registry/suggest.ts';
import { trainerSlot } from '../training/types.ts';
import { ConfigurationError, SpecError } from '../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';
import { aBuilder, describeValue, spaceHint } from './describe.ts';
import { diagnose } from './diagnostics.ts';
import type { WeightsReader } from './digests.ts';
import { absolutePath } from './location.ts';
import { MISSING, mismatches } from './mismatch.ts';
import { nearPathsHint } from './near_files.ts';
import { dottedPath, slashPath } from './path.ts';
import { paramsOfRun, rootParams } from './root.ts';
import { looksSecret, secretIn } from './secrets.ts';
import { type Issue, isRunSpec, type RunSpec, type SpecDocument, type SpecPath } from './types.ts';

/** What resolving asks about the world around a value. */
export interface Surroundings {
  /** Directory of the file that holds a path: relative files start from it. */
  directoryOf(path: SpecPath): string;
  /** Where `log_path` starts from. */
  cwd: string;
  exists(path: string): boolean;
  /** What may have been meant by a path that is not there, as a clause of a message. */
  near?(path: string, directory: string): string;
  /** Without it, nobody looks whether weights are there. */
  weights?: WeightsReader | undefined;
  /** Which commits revisions of data sets lead to. Without it, they stay as they are. */
  revisions?: RevisionReader | undefined;
  /** Where the stages lie whose weights may be named, by name; absent for a run that has none beside it. */
  stages?: ReadonlyMap<string, string> | undefined;
  /** For many specs that have most of their values in common. */
  memory?: FieldMemory | undefined;
}

/**
 * What the fields of a run were resolved to that held the very same mapping or list before, by their shapes: specs that share it share
 * what it comes to. It is for values whose places in files are the same whenever they are the same.
 */
type FieldMemory = WeakMap<FieldShape, WeakMap<object, JsonValue>>;

/** Data sets of the hub, by names that may lead to other rows tomorrow. */
export interface RevisionReader {
  commitOf(dataset: { name: string; revision: string }): string;
}

/** Where a run names the weights of another stage. */
export interface StageRef {
  path: SpecPath;
  stage: string;
  /** The model that they must be of, where a field beside it says so. */
  model: string | null;
}

/** A run spec of a document. @throws SpecError with the place of everything that is wrong. */
export function resolveRunSpec(
  document: SpecDocument,
  registry: Registry,
  cwd: string,
  weights?: WeightsReader,
): RunSpec {
  if (Object.hasOwn(document.value, 'stages')) {
    const message = 'this takes the spec of one run, and not of several stages';
    throw new SpecError(diagnose(document, [{ path: ['stages'], part: 'key', message }]));
  }
  const { spec, issues } = resolveValue(document.value, registry, surroundings(document, cwd, weights));
  if (spec === null) throw new SpecError(diagnose(document, issues));
  return spec;
}

/** The surroundings of a document on this machine. Whether a file exists is asked once. */
export function surroundings(
  document: SpecDocument,
  cwd: string,
  weights?: WeightsReader,
  revisions?: RevisionReader,
): Surroundings {
  const known = new Map<string, boolean>();
  return {
    cwd,
    weights,
    revisions,
    directoryOf: (path) => document.placeOf(path).directory,
    exists(path) {
      const exists = known.get(path) ?? existsSync(path);
      known.set(path, exists);
      return exists;
    },
    near: nearPathsHint,
  };
}

/** The spec, or everything that is wrong with the value. Resolving what is resolved changes nothing. */
export function resolveValue(
  value: JsonObject,
  registry: Registry,
  at: Surroundings,
): { spec: RunSpec | null; issues: Issue[]; stages: readonly StageRef[] } {
  const resolution = new Resolution(registry, at);
  const spec = resolution.run(value);
  const { issues, stages } = resolution;
  return { spec: issues.length === 0 && isRunSpec(spec) ? spec : null, issues, stages };
}

/** Any other mapping against the schema of its fields, as that of a sweep: checked and completed in the same way. */
export function resolveFields(
  params: TObject,
  value: JsonObject,
  registry: Registry,
  at: Surroundings,
): { value: JsonObject; issues: Issue[] } {
  const resolution = new Resolution(registry, at);
  return { value: resolution.fields(params, value), issues: resolution.issues };
}

class Resolution {
  readonly issues: Issue[] = [];
  /** Where a field is missing that is there under a name which is told of. */
  readonly #misspelt = new Set<string>();
  readonly stages: StageRef[] = [];
  readonly #registry: Registry;
  readonly #at: Surroundings;
  /** Where the walk stands; copied only for an issue, since most walks meet none. */
  readonly #path: (string | number)[] = [];
  /** How often something was asked that may have another answer the next time. */
  #questions = 0;

  constructor(registry: Registry, at: Surroundings) {
    this.#registry = registry;
    this.#at = at;
  }

  run(value: JsonObject): JsonObject {
    const { trainer } = value;
    const builder = typeof trainer === 'string' ? this.#registry.find(trainerSlot.name, trainer) : undefined;
    if (builder !== undefined) return this.#params(paramsOfRun(builder), value, {});
    const { name: slot } = trainerSlot;
    if (trainer === undefined) this.#report('key', `${MISSING}; it names one of ${this.#names(slot)}`, 'trainer');
    else if (typeof trainer === 'string') this.#report('value', this.#registry.unknown(slot, trainer), 'trainer');
    else this.#report('value', `expected the name of a trainer, one of ${this.#names(slot)}`, 'trainer');
    // Without its trainer nobody can say which other fields a run has.
    const { names } = shapeOf(rootParams);
    const known = Object.entries(value).filter(([name]) => names.has(name));
    return this.#params(rootParams, { trainer: '', ...Object.fromEntries(known) }, {});
  }

  fields(params: TObject, value: JsonObject): JsonObject {
    return this.#params(params, value, {});
  }

  /** The parameters of one builder into `result`: walked by their shape, then checked against their schema. */
  #params(params: TObject, value: JsonObject, result: JsonObject): JsonObject {
    this.#walk(shapeOf(params), value, result);
    for (const { path, message } of mismatches(params, result)) {
      const full = slashPath([...this.#path, ...path]);
      if (this.#misspelt.has(full) || this.issues.some((issue) => slashPath(issue.path) === full)) continue;
      this.#report('value', message, ...path);
    }
    return result;
  }

  #walk(shape: ObjectShape, value: JsonObject, result: JsonObject): JsonObject {
    let namesWeights = false;
    const revisions: { name: string; dataset: string }[] = [];
    for (const field of shape.fields) {
      const given = value[field.name];
      const plain = given === undefined ? field.default : given;
      if (field.shape.is === 'leaf' && plain !== undefined) result[field.name] = plain;
      else this.#field(field, given, result);
      namesWeights ||= field.shape.is === 'weights';
      if (field.shape.is === 'revision') revisions.push({ name: field.name, dataset: field.shape.dataset });
    }
    for (const { name, dataset } of revisions) result[name] = this.#commit(result[dataset], result[name]);
    // Once the field that says which model they must be of is there too.
    if (namesWeights) {
      for (const field of shape.fields) {
        if (field.shape.is === 'weights') this.#checkWeights(field.name, field.shape.model, result);
      }
    }
    for (const name of Object.keys(value)) {
      if (shape.names.has(name)) continue;
      const message = unknownField(name, shape, this.#holderOf(name, shape, result));
      this.#forgetMissing(shape.fields.filter((field) => message.endsWith(didYouMean([field.name]))));
      this.#report('key', message, name);
    }
    return Object.freeze(result);
  }

  /** The builder among the fields that has a field of this name, by the name of its own: `dataset` of `test_size`. */
  #holderOf(name: string, { fields }: ObjectShape, result: JsonObject): string | null {
    const holder = fields.find(({ name: field, shape }) => {
      const ref = result[field];
      if (shape.is !== 'builder' || !isJsonObject(ref) || typeof ref.builder !== 'string') return false;
      const builder = this.#registry.find(shape.slot.name, ref.builder);
      return builder !== undefined && shapeOf(builder.params).names.has(name);
    });
    return holder?.name ?? null;
  }

  #field(field: FieldShape, given: JsonValue | undefined, result: JsonObject): void {
    const memory = this.#path.length === 0 ? this.#at.memory : undefined;
    const plain = given === undefined ? field.default : given;
    if (memory === undefined || typeof plain !== 'object' || plain === null) {
      this.#resolve(field, given, result);
      return;
    }
    const known = memory.get(field) ?? new WeakMap<object, JsonValue>();
    const same = known.get(plain);
    if (same !== undefined) {
      result[field.name] = same;
      return;
    }
    memory.set(field, known);
    const before = this.#questions + this.issues.length;
    this.#resolve(field, given, result);
    const resolved = result[field.name];
    const isPure = this.#questions + this.issues.length === before;
    if (isPure && resolved !== undefined) known.set(plain, resolved);
  }

  #resolve({ name, shape, default: fallback }: FieldShape, given: JsonValue | undefined, result: JsonObject): void {
    this.#path.push(name);
    if (given !== undefined) result[name] = this.#value(shape, given, fallback);
    else if (fallback === undefined) this.#report('key', MISSING);
    // A path in a default is the builder's own, relative to no file of the user's.
    else result[name] = shape.is === 'path' ? fallback : this.#value(shape, fallback, fallback);
    this.#path.pop();
  }

  /** A value of the wrong type is handed on as it is: the check against the schema tells of it. */
  #value(shape: Shape, value: JsonValue, fallback: JsonValue | undefined): JsonValue {
    switch (shape.is) {
      case 'leaf':
      case 'revision':
        return value;
      case 'path':
        return typeof value === 'string' ? this.#file(value, shape.role, shape.source) : value;
      case 'weights':
        return this.#weights(value);
      case 'object':
        return isJsonObject(value) ? this.#walk(shape, value, {}) : value;
      case 'list':
        return Array.isArray(value) ? this.#list(shape.item, value) : value;
      case 'builder':
        if (typeof value === 'string') return this.#builder(shape.slot.name, value, {}, []);
        if (!isJsonObject(value)) return value;
        return this.#builder(shape.slot.name, nameIn(value) ?? nameIn(fallback), value, ['builder']);
    }
  }

  #list(item: Shape, values: readonly JsonValue[]): JsonValue {
    const result = values.map((value, i) => {
      this.#path.push(i);
      const resolved = this.#value(item, value, undefined);
      this.#path.pop();
      return resolved;
    });
    Object.freeze(result);
    return result;
  }

  /** A nested builder; `at` leads from the field to where its name stands. */
  #builder(slot: string, name: JsonValue | undefined, { builder: _, ...params }: JsonObject, at: SpecPath): JsonValue {
    const builder = typeof name === 'string' ? this.#registry.find(slot, name) : undefined;
    if (builder !== undefined) return this.#params(builder.params, params, { builder: builder.name });
    if (name === undefined) this.#report('key', `${MISSING}; it names one of ${this.#names(slot)}`, ...at);
    else if (typeof name === 'string') this.#report('value', this.#registry.unknown(slot, name), ...at);
    else this.#report('value', `expected the name of ${aBuilder(slot)}, one of ${this.#names(slot)}`, ...at);
    return params;
  }

  #names(slot: string): string {
    const names = this.#registry.list(slot).map(({ name }) => name);
    return names.length === 0 ? 'none that is registered' : quoted(names);
  }

  #file(text: string, role: 'input' | 'place' | 'name', source: string | null, remedy = ''): string {
    const problem = pathProblem(text);
    if (problem !== null) {
      this.#report('value', problem);
      return text;
    }
    if (role === 'input' && isHubPath(text)) return this.#hubFile(text);
    const ofCommand = this.#path.length === 1 && this.#path[0] === 'log_path';
    const directory = ofCommand ? this.#at.cwd : this.#at.directoryOf(this.#path);
    const path = absolutePath(text, directory);
    if (role === 'place' || this.#at.exists(path)) return path;
    if (role === 'name' && !/^(~|\.{0,2}\/)/.test(text)) return text;
    const where = source === null ? remedy || this.#at.near?.(text, directory) || '' : `; get it from ${source}`;
    this.#report('value', `there is no such file or directory: ${path}${where}`);
    return path;
  }

  /** A file of the hub, at the commit that its revision leads to. */
  #hubFile(text: string): string {
    this.#questions += 1;
    try {
      const { dataset, revision, path } = parseHubPath(text);
      const commit = this.#at.revisions?.commitOf({ name: dataset, revision }) ?? revision;
      return commit === revision ? text : hubPathText({ dataset, revision: commit, path });
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      this.#report('value', [error.message, error.hint ?? ''].join('. '));
      return text;
    }
  }

  /** What does not name a data set is told by the check of its own field. */
  #commit(dataset: JsonValue | undefined, revision: JsonValue | undefined): JsonValue {
    this.#questions += 1;
    const { revisions } = this.#at;
    if (typeof revision !== 'string') return revision ?? null;
    if (revisions === undefined || typeof dataset !== 'string' || !isHubName(`${dataset}@${revision}`)) return revision;
    return revisions.commitOf({ name: dataset, revision });
  }

  /** The directory of a run that is gone is told from a name on the hub by the directory that it lay in. */
  #weights(value: JsonValue): JsonValue {
    this.#questions += 1;
    if (typeof value === 'string') {
      const path = absolutePath(value, this.#at.directoryOf(this.#path));
      const isPlace = value.includes('/') && !this.#at.exists(path) && this.#at.exists(dirname(path));
      return this.#file(value, isPlace ? 'input' : 'name', null);
    }
    if (!isJsonObject(value)) return value;
    if (value.stage !== undefined) return this.#stage(value);
    if (typeof value.run !== 'string') return value;
    this.#path.push('run');
    const remedy = `; train that run first, or say where it is: ${dottedPath(this.#path)}=DIR`;
    const run = this.#file(value.run, 'input', null, remedy);
    this.#path.pop();
    return Object.freeze({ checkpoint: 'final', ...value, run });
  }

  /** The weights of a stage are those of the run that lies in its directory, or will. */
  #stage({ stage, ...others }: JsonObject): JsonValue {
    const { stages } = this.#at;
    const directory = typeof stage === 'string' ? stages?.get(stage) : undefined;
    const { checkpoint = 'final' } = others;
    if (typeof checkpoint === 'string' && !SAVED.test(checkpoint)) {
      const near = didYouMean(closestNames(checkpoint, ['final', 'best'], 1));
      const message = `expected final, best, or the name of a checkpoint, as 000040; got ${describeValue(checkpoint)}${near}`;
      this.#report('value', message, 'checkpoint');
    }
    if (typeof stage === 'string' && directory !== undefined && others.run === undefined) {
      this.stages.push({ path: [...this.#path], stage, model: null });
      return Object.freeze({ checkpoint: 'final', ...others, run: directory });
    }
    const names = [...(stages?.keys() ?? [])];
    if (stages === undefined) this.#report('value', 'this spec has no stages; name a run, as {run: DIR}', 'stage');
    else if (typeof stage !== 'string')
      this.#report('value', `expected the name of a stage; got ${describeValue(stage)}`, 'stage');
    else if (directory !== undefined) this.#report('key', 'name a run or a stage, not both', 'run');
    else
      this.#report(
        'value',
        `there is no stage "${stage}"${didYouMean(closestNames(stage, names)) || `; there is ${quoted(names)}`}`,
        'stage',
      );
    // What is wrong is told; a value that fits keeps the check of types from telling it once more.
    return { run: 'unknown', checkpoint: 'final' };
  }

  #checkWeights(name: string, model: string | null, result: JsonObject): void {
    const ref = result[name];
    if (!isWeightsRef(ref) || ref === '') return;
    const at = slashPath([...this.#path, name]);
    if (this.issues.some(({ path }) => slashPath(path).startsWith(at))) return;
    const given = model === null ? null : result[model];
    const expected = typeof given === 'string' ? given : null;
    const ofStage = this.stages.find(({ path }) => slashPath(path) === at);
    if (ofStage !== undefined) {
      ofStage.model = expected;
      return;
    }
    const problem = this.#at.weights?.problem(ref, expected);
    if (typeof problem === 'string') this.#report('value', problem, name);
  }

  /** What is there under a name that is misspelt is told of once. */
  #forgetMissing(fields: readonly FieldShape[]): void {
    for (const { name } of fields) {
      const full = slashPath([...this.#path, name]);
      const at = this.issues.findIndex(({ path, message }) => message === MISSING && slashPath(path) === full);
      if (at < 0) continue;
      this.issues.splice(at, 1);
      this.#misspelt.add(full);
    }
  }

  #report(part: 'key' | 'value', message: string, ...below: SpecPath): void {
    this.issues.push({ path: [...this.#path, ...below], part, message });
  }
}

const quoted = (names: readonly string[]) => names.map((name) => `"${name}"`).join(', ');

/** What training loops call the checkpoints that they save. */
const SAVED = /^(final|best|(best-)?\d{6,})$/;

function nameIn(ref: JsonValue | undefined): JsonValue | undefined {
  return isJsonObject(ref) ? ref.builder : undefined;
}

/** A text that no path can be; null for any other. What is empty would be the directory that it starts from. */
function pathProblem(text: string): string | null {
  if (text.trim() === '') return `expected a text that is not empty; got ${describeValue(text)}`;
  if (text.includes('\0')) return 'a path cannot hold the character NUL';
  const secret = secretIn(text);
  if (secret === null) return null;
  const remedy = looksSecret(secret)
    ? `${secret} looks like one by its name: use a variable of another name`
    : `use \${env:${secret}}`;
  return `a run is known by what it reads and where, so this cannot be a secret; ${remedy}`;
}

function unknownField(name: string, { names }: ObjectShape, holder: string | null): string {
  const spaceless = spaceHint(name);
  if (spaceless !== '') return `unknown field; ${spaceless}`;
  if (holder !== null) return `unknown field${didYouMean([`${holder}.${name}`])}`;
  return `unknown field${didYouMean(closestNames(name, [...names]))}`;
}
