// One point of a sweep: the base with the point's values set in it, resolved, or where in the files what is wrong stands.

import type { Registry } from '../registry/registry.ts';
import { diagnosticAt } from '../spec/diagnostics.ts';
import { interpolate } from '../spec/interpolate.ts';
import { parsePath, valueAt } from '../spec/path.ts';
import { resolvePipeline, type Stage } from '../spec/pipeline.ts';
import { type Surroundings, surroundings } from '../spec/resolve.ts';
import type { Environment } from '../spec/secrets.ts';
import type { Issue, SpecDocument, SpecPath } from '../spec/types.ts';
import type { Diagnostic } from '../util/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../util/json.ts';
import { withValueAt } from './paths.ts';
import { type Assignment, type Configuration, fieldPath } from './space.ts';
import type { SweepFile } from './sweep_file.ts';

export class PointResolver {
  readonly #sweep: SweepFile;
  readonly #registry: Registry;
  readonly #env: Environment;
  readonly #surroundings: Surroundings;
  /** The base, and what the sweep decides for all runs. */
  readonly #base: JsonObject;
  readonly #common: JsonObject;
  readonly #paths = new Map<string, SpecPath>();
  readonly #changes = new Changes();

  constructor(
    sweep: SweepFile,
    registry: Registry,
    {
      cwd,
      env,
      weights,
      revisions,
    }: { cwd: string; env: Environment; weights?: Surroundings['weights']; revisions?: Surroundings['revisions'] },
  ) {
    this.#sweep = sweep;
    this.#registry = registry;
    this.#env = env;
    // A mapping of the base, or of an axis, stands where it stands for every point; what a point changes in it is another one.
    this.#surroundings = { ...surroundings(sweep.base.document, cwd, weights, revisions), memory: new WeakMap() };
    const { log_path, plugins } = sweep.fields;
    const { plugins: ofBase } = sweep.base.value;
    this.#common = { log_path, plugins: [...(Array.isArray(ofBase) ? ofBase : []), ...plugins] };
    this.#base = { ...sweep.base.value, ...this.#common };
  }

  /**
   * The runs of a configuration, or everything that is wrong with it. The `log_path` of a single run is that of the sweep.
   * @param seed for all stages that have none of their own; absent, that of the base
   * @param places where stages lie, by name
   */
  resolve(
    configuration: Configuration,
    { seed, places }: { seed?: number | undefined; places?: ReadonlyMap<string, string> | undefined } = {},
  ): { stages: readonly Stage[] | null; diagnostics: Diagnostic[] } {
    const { value, issues } = this.#valueOf(configuration);
    if (value === null) return { stages: null, diagnostics: this.#diagnose(issues, configuration) };
    const { cwd, exists, near, weights, revisions, memory } = this.#surroundings;
    const directoryOf = (path: SpecPath) => this.#directoryOf(path, configuration);
    const at = { cwd, exists, near, weights, revisions, memory, directoryOf };
    const seeded = seed === undefined ? value : { ...value, seed };
    const resolved = resolvePipeline(seeded, this.#registry, at, places);
    return { stages: resolved.stages, diagnostics: this.#diagnose(resolved.issues, configuration) };
  }

  #valueOf(configuration: Configuration): { value: JsonObject | null; issues: Issue[] } {
    const { document, at, hasReferences } = this.#sweep.base;
    if (!hasReferences) return this.#set(this.#base, [], configuration, this.#changes);
    const { value: template, issues } = this.#set(document.template, at, configuration.map(escaped));
    if (template === null) return { value: null, issues };
    const interpolated = interpolate(template, this.#env);
    const value = valueAt(interpolated.value, at);
    const ofBase = interpolated.issues.map((issue) => ({ ...issue, path: issue.path.slice(at.length) }));
    if (ofBase.length > 0 || !isJsonObject(value)) return { value: null, issues: ofBase };
    return { value: { ...value, ...this.#common }, issues: [] };
  }

  /** Outer fields first, so that a point can set a builder and a field of it. */
  #set(
    root: JsonObject,
    at: SpecPath,
    configuration: Configuration,
    changes?: Changes,
  ): { value: JsonObject | null; issues: Issue[] } {
    let value = root;
    for (const assignment of this.#outerFirst(configuration)) {
      const path = this.#pathOf(assignment);
      const changed =
        changes?.of(value, path, assignment) ??
        withValueAt(value, at.length === 0 ? path : [...at, ...path], assignment.value);
      if (typeof changed === 'string') return { value: null, issues: [{ path, part: 'key', message: changed }] };
      value = changed;
    }
    return { value, issues: [] };
  }

  #outerFirst(configuration: Configuration): Configuration {
    const depth = (assignment: Assignment) => this.#pathOf(assignment).length;
    return configuration.some((assignment) => depth(assignment) > 1)
      ? configuration.toSorted((a, b) => depth(a) - depth(b))
      : configuration;
  }

  #pathOf({ field }: Assignment): SpecPath {
    const known = this.#paths.get(field);
    if (known !== undefined) return known;
    const path = parsePath(field) ?? [field];
    this.#paths.set(field, path);
    return path;
  }

  #diagnose(issues: readonly Issue[], configuration: Configuration): Diagnostic[] {
    return issues.map(({ path, part, message }) => {
      const origin = this.#origin(path, part, configuration);
      const place = origin.document.placeOf(origin.path, origin.part);
      return diagnosticAt(place, origin.path, origin.isBase ? message + this.#withTrainer(configuration) : message);
    });
  }

  /** A field of the base is right with one trainer and wrong with another. */
  #withTrainer(configuration: Configuration): string {
    const set = configuration.find(({ field }) => field === 'trainer');
    if (set === undefined) return '';
    const { file, line } = this.#sweep.document.placeOf(set.source);
    return ` (with trainer: ${String(set.value)}, ${file}:${line})`;
  }

  #directoryOf(path: SpecPath, configuration: Configuration): string {
    const origin = this.#origin(path, 'value', configuration);
    return origin.document.placeOf(origin.path).directory;
  }

  /** What decides a path of the run spec: what the point sets there, or above or below it, or else the base. */
  #origin(path: SpecPath, part: Issue['part'], configuration: Configuration): Origin {
    const { document, base } = this.#sweep;
    let below: Origin | undefined;
    for (const assignment of configuration.toReversed()) {
      const set = this.#pathOf(assignment);
      const [key, rest] = [fieldPath(assignment), path.slice(set.length)];
      if (isPrefix(set, path)) {
        return rest.length === 0 && part === 'key'
          ? { document, path: key, part, isBase: false }
          : { document, path: [...assignment.source, ...rest], part, isBase: false };
      }
      if (isPrefix(path, set)) below = { document, path: key, part: 'key', isBase: false };
    }
    if (below !== undefined && valueAt(base.value, path) === undefined) return below;
    return { document: base.document, path: [...base.at, ...path], part, isBase: true };
  }
}

/** More are not worth their memory. */
const MOST_CHANGES = 2_000;

/**
 * Fields of the base that points have changed something in, by what they were: points that set the same there get the same mapping,
 * which has to be resolved and hashed once.
 */
class Changes {
  readonly #changed = new WeakMap<object, Map<Assignment, JsonValue>>();
  #count = 0;

  /** The object with the value set; null where it is set in no mapping, or is left to the caller. */
  of(object: JsonObject, path: SpecPath, assignment: Assignment): JsonObject | null {
    const [field, ...rest] = path;
    if (rest.length === 0 || typeof field !== 'string') return null;
    const before = object[field];
    if (!isJsonObject(before)) return null;
    const known = this.#changed.get(before) ?? new Map<Assignment, JsonValue>();
    const same = known.get(assignment);
    if (same !== undefined) return { ...object, [field]: same };
    const changed = this.#count < MOST_CHANGES ? withValueAt(object, path, assignment.value) : null;
    if (changed === null || typeof changed === 'string') return null;
    this.#count += 1;
    this.#changed.set(before, known.set(assignment, changed[field] ?? null));
    return changed;
  }
}

interface Origin {
  document: SpecDocument;
  path: SpecPath;
  part: Issue['part'];
  isBase: boolean;
}

function isPrefix(prefix: SpecPath, path: SpecPath): boolean {
  return prefix.length <= path.length && prefix.every((segment, i) => segment === path[i]);
}

/** A value of the sweep file is past interpolation: a `${` that it still has is meant as it stands, unless it is a secret's. */
function escaped(assignment: Assignment): Assignment {
  return { ...assignment, value: escapedValue(assignment.value) };
}

function escapedValue(value: JsonValue): JsonValue {
  if (typeof value === 'string') return value.replace(/\$\{(?!secret:)/g, () => '$${');
  if (Array.isArray(value)) return value.map(escapedValue);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, escapedValue(member)]));
}
