// The runs of a sweep: its configurations times its seeds, each resolved and with its identity; no two of them the same.

import type { DatasetRevisions } from '../hub/dataset_revisions.ts';
import type { FieldKind } from '../registry/fields.ts';
import type { Registry } from '../registry/registry.ts';
import { judgedAmong } from '../run_files/producers.ts';
import { diagnose, diagnosticAt } from '../spec/diagnostics.ts';
import type { Digests } from '../spec/digests.ts';
import { Hasher } from '../spec/identity.ts';
import type { LoadOptions } from '../spec/load.ts';
import { parsePath, slashPath } from '../spec/path.ts';
import type { Stage } from '../spec/pipeline.ts';
import { identifyStages } from '../spec/stage_identity.ts';
import type { Issue, RunSpec, SpecDocument, SpecPath } from '../spec/types.ts';
import { type Diagnostic, formatDiagnostic, SpecError } from '../util/errors.ts';
import { isJsonObject } from '../util/json.ts';
import { axesOf, expand } from './expand.ts';
import { fieldKindAt } from './field_kind.ts';
import type { SweepFields } from './grammar.ts';
import { overriddenAxes } from './overridden_axes.ts';
import { PointResolver } from './point.ts';
import { type Assignment, type Axis, type Configuration, fieldPath } from './space.ts';
import { type References, referencesOf, stageRuns } from './stage_runs.ts';
import type { SweepFile } from './sweep_file.ts';
import type { StageRun, SweepRun } from './sweep_run.ts';

export interface SweepRuns {
  axes: readonly Axis[];
  /** Points of the axes that `exclude` took away, points that `include` added. */
  excluded: number;
  included: number;
  /** Replicates of each configuration; null when the sweep leaves the seed to the base. */
  seeds: number | null;
  /** Those of the base, each behind those that it starts from; empty where it is a single run. */
  stages: readonly string[];
  /** Whether the service of any run says what it costs. */
  hasPrices: boolean;
  runs: readonly SweepRun[];
  /**
   * The specs of a run's point: its own alone, or those of all stages. Their `log_path` is that of the sweep, or below it.
   * @param places where stages lie that others start from, by their names
   */
  stagesOf(run: Pick<SweepRun, 'point' | 'seed' | 'stage'>, places?: ReadonlyMap<string, string>): readonly Stage[];
}

/**
 * All runs of a sweep, in the order of the file, seeds innermost.
 * @throws SpecError with everything that is wrong with any of its points, each thing once
 */
export async function runsOf(
  sweep: SweepFile,
  registry: Registry,
  { digests, revisions, ...options }: LoadOptions & { digests: Digests; revisions?: DatasetRevisions },
): Promise<SweepRuns> {
  const { document, fields } = sweep;
  const { axes, issues } = axesOf(fields, document);
  refuse(document, issues);
  const idle = overriddenAxes(fields, axes, document, options.overrides);
  if (idle.length > 0) throw new SpecError(idle);
  const { expansion, issues: unmatched } = expand(fields, axes);
  refuse(document, [...unmatched, ...tooMany(expansion.configurations.length, fields)]);

  const resolver = new PointResolver(sweep, registry, { ...options, weights: digests.weights, revisions });
  const collection = new RunCollection(document, registry, digests);
  const seeds = seedsOf(fields);
  const references = referencesOf(sweep);
  let stageNames: readonly string[] = [];
  for (const configuration of expansion.configurations) {
    const named = resolver.resolve(configuration);
    // Points that name the same data sets ask once.
    const { stages, diagnostics } = (await revisions?.settle()) === true ? resolver.resolve(configuration) : named;
    const spec = stages?.[0]?.spec;
    refuse(document, tooManyRuns(collection.size, fields));
    if (stages === null || spec === undefined) collection.report(diagnostics);
    else if (stages[0]?.name === null) collection.add(configuration, spec, seeds ?? [spec.seed]);
    else {
      stageNames = stages.flatMap(({ name }) => name ?? []);
      for (const seed of seeds ?? [undefined]) {
        const seeded = seed === undefined ? { stages, diagnostics } : resolver.resolve(configuration, { seed });
        if (seeded.stages === null) collection.report(seeded.diagnostics);
        else collection.addStages(configuration, seeded.stages, references);
      }
    }
  }
  const { excluded, included } = expansion;
  const runs = collection.finish();
  refuse(document, [...judgedStage(fields, runs), ...unknownStages(fields, stageNames)]);
  return {
    axes,
    excluded,
    included,
    seeds: seeds?.length ?? null,
    stages: stageNames,
    hasPrices: collection.hasPrices,
    runs,
    stagesOf: stagesWith(resolver),
  };
}

/** How the specs of a run's point are made anew. */
export function stagesWith(resolver: PointResolver): SweepRuns['stagesOf'] {
  return ({ point, seed, stage }, places) => {
    const { stages, diagnostics } = resolver.resolve(point, stage === null ? {} : { seed, places });
    if (stages === null) throw new SpecError(diagnostics);
    return stage === null ? stages.map(({ spec, ...run }) => ({ ...run, spec: withSeed(spec, seed) })) : stages;
  };
}

/** Null where the base decides it. */
export function seedsOf({ seeds }: SweepFields): readonly number[] | null {
  return typeof seeds === 'number' ? Array.from({ length: seeds }, (_, i) => i) : seeds;
}

function withSeed(spec: RunSpec, seed: number): RunSpec {
  return spec.seed === seed ? spec : { ...spec, seed };
}

function refuse(document: SpecDocument, issues: readonly Issue[]): void {
  if (issues.length > 0) throw new SpecError(diagnose(document, issues));
}

/** Told from the numbers alone, before a slip of the pen fills the memory. */
function tooMany(configurations: number, { seeds, max_runs }: SweepFields): Issue[] {
  const replicates = typeof seeds === 'number' ? seeds : (seeds?.length ?? 1);
  const runs = configurations * replicates;
  if (runs <= max_runs) return [];
  const message = `${configurations} configurations × ${replicates} seeds = ${runs} runs are more than max_runs allows (${max_runs})`;
  return [{ path: ['max_runs'], part: 'value', message }];
}

/** Stages side by side would compete for one objective, and one that names a stage may name none. */
export function judgedStage({ objective }: SweepFields, runs: readonly SweepRun[]): Issue[] {
  if (objective === null) return [];
  const at = { path: ['objective', 'stage'], part: 'value' } as const;
  const all = new Set(runs.flatMap(({ stage }) => stage ?? []));
  if (typeof objective.stage === 'string') {
    if (all.has(objective.stage)) return [];
    const message = all.size === 0 ? 'the base has no stages' : `there is no such stage; there is ${quotedNames(all)}`;
    return [{ ...at, message }];
  }
  const last = new Set(judgedAmong(runs).flatMap(({ stage }) => stage ?? []));
  if (last.size < 2) return [];
  const message = `no stage starts from ${quotedNames(last)}: say which of them is judged, as stage: ${[...last][0]}`;
  return [{ path: ['objective'], part: 'key', message }];
}

export function unknownStages({ execution }: SweepFields, stages: readonly string[]): Issue[] {
  const unknown = Object.keys(execution.resources.stages).filter((name) => !stages.includes(name));
  return unknown.map((name) => ({
    path: ['execution', 'resources', 'stages', name],
    part: 'key',
    message: stages.length === 0 ? 'the base has no stages' : `there is no such stage; there is ${quotedNames(stages)}`,
  }));
}

const quotedNames = (names: Iterable<string>) => [...names].map((name) => `"${name}"`).join(', ');

/** One for all: there may be a hundred thousand runs. */
const NOTHING: readonly StageRun[] = Object.freeze([]);

/** Of stages, before they fill the memory. */
function tooManyRuns(runs: number, { max_runs }: SweepFields): Issue[] {
  if (runs <= max_runs) return [];
  const message = `the stages of all points are more runs than max_runs allows (${max_runs})`;
  return [{ path: ['max_runs'], part: 'value', message }];
}

class RunCollection {
  readonly #document: SpecDocument;
  readonly #registry: Registry;
  readonly #digests: Digests;
  readonly #hasher: Hasher;
  readonly #runs: SweepRun[] = [];
  /** Hashes of the runs of stages. */
  readonly #stages = new Set<string>();
  readonly #configurations = new Map<string, Configuration>();
  readonly #diagnostics = new Map<string, Diagnostic>();
  /** By assignment, since the points share those. */
  readonly #kinds = new Map<Assignment, FieldKind>();

  constructor(document: SpecDocument, registry: Registry, digests: Digests) {
    this.#document = document;
    this.#registry = registry;
    this.#digests = digests;
    this.#hasher = new Hasher(registry, digests);
  }

  /** Whether the service of any run says what it costs. */
  hasPrices = false;

  get size(): number {
    return this.#runs.length;
  }

  /** The runs of one replicate of a base with stages. A stage that another point has asked for already is that one run. */
  addStages(point: Configuration, stages: readonly Stage[], references: References): void {
    const specOf = (name: unknown) => stages.find((stage) => stage.name === name)?.spec;
    for (const { spec } of stages) this.hasPrices ||= isPriced(spec);
    const isRefused = this.#refuseRuntime(point, (path) =>
      path[0] === 'stages' ? [[specOf(path[1]), path.slice(2)]] : stages.map(({ spec }) => [spec, path]),
    );
    if (isRefused) return;
    const identified = identifyStages(stages, this.#registry, this.#digests);
    const all = identified.map(({ identity }) => identity.hash).join();
    const twin = this.#configurations.get(all);
    if (twin === point) this.#reportAt(['seeds'], PINNED, 'key');
    else if (twin !== undefined) this.#reportTwins(point, twin);
    this.#configurations.set(all, point);
    for (const run of stageRuns(identified, point, references)) {
      if (this.#stages.has(run.hash)) continue;
      this.#stages.add(run.hash);
      this.#runs.push(run);
    }
  }

  add(configuration: Configuration, spec: RunSpec, seeds: readonly number[]): void {
    if (this.#refuseRuntime(configuration, (path) => [[spec, path]])) return;
    this.hasPrices ||= isPriced(spec);
    const max_steps = typeof spec.max_steps === 'number' ? spec.max_steps : null;
    const hashesOf = this.#hasher.hashesOf(spec);
    for (const seed of seeds) {
      const { hash, config_hash } = hashesOf(seed);
      const twin = this.#configurations.get(hash);
      if (twin !== undefined) this.#reportTwins(configuration, twin);
      this.#configurations.set(hash, configuration);
      this.#runs.push({
        configuration,
        point: configuration,
        seed,
        stage: null,
        after: NOTHING,
        hash,
        config_hash,
        max_steps,
      });
    }
  }

  /** Points share what is wrong with a value of an axis: it is told once. */
  report(diagnostics: readonly Diagnostic[]): void {
    for (const diagnostic of diagnostics) this.#diagnostics.set(formatDiagnostic(diagnostic), diagnostic);
  }

  /** @throws SpecError when anything was reported */
  finish(): readonly SweepRun[] {
    if (this.#diagnostics.size > 0) throw new SpecError(inOrder([...this.#diagnostics.values()], this.#document.file));
    return this.#runs;
  }

  /** Points that differ in a runtime field alone are one run; that is told of the field, once, and not of the points. */
  #refuseRuntime(
    configuration: Configuration,
    locate: (path: SpecPath) => readonly (readonly [RunSpec | undefined, SpecPath])[],
  ): boolean {
    let refused = false;
    for (const assignment of configuration) {
      const { field } = assignment;
      const known = this.#kinds.get(assignment);
      const kind = known ?? this.#kindAt(locate(parsePath(field) ?? []));
      this.#kinds.set(assignment, kind);
      if (kind !== 'runtime') continue;
      refused = true;
      if (known === undefined) this.#reportAt(fieldPath(assignment), RUNTIME, 'key');
    }
    return refused;
  }

  /** A field that several stages have decides what is computed where it does so in one of them. */
  #kindAt(places: readonly (readonly [RunSpec | undefined, SpecPath])[]): FieldKind {
    const isRuntime = places.every(
      ([spec, path]) => spec !== undefined && fieldKindAt(spec, path, this.#registry) === 'runtime',
    );
    return isRuntime ? 'runtime' : 'semantic';
  }

  #reportTwins(configuration: Configuration, twin: Configuration): void {
    const [here, there] = [distinguishing(configuration, twin), distinguishing(twin, configuration)];
    const { file, line } = this.#document.placeOf(there);
    const place = file === this.#document.placeOf(here).file ? `line ${line}` : `${file}:${line}`;
    this.#reportAt(
      here,
      `gives the same run as ${slashPath(there)} (${place}): they differ in nothing that it computes`,
    );
  }

  #reportAt(path: SpecPath, message: string, part: Issue['part'] = 'value'): void {
    this.report([diagnosticAt(this.#document.placeOf(path, part), path, message)]);
  }
}

export const isPriced = ({ service }: RunSpec): boolean => isJsonObject(service.prices);

const PINNED = 'every stage has a seed of its own, so replicates would be one run';

export const RUNTIME =
  'does not change what a run computes, so all its values would be one run; set it in the base, or as key=value';

/** The place that tells a point from another: the entry that lists it, or the value of the first axis where they differ. */
function distinguishing(configuration: Configuration, other: Configuration): SpecPath {
  const own = configuration.find((assignment) => !other.includes(assignment));
  if (own === undefined) return configuration.at(-1)?.source ?? [];
  return own.source[0] === 'include' ? own.source.slice(0, 2) : own.source;
}

function inOrder(diagnostics: readonly Diagnostic[], first: string): Diagnostic[] {
  const rank = ({ file }: Diagnostic) => (file === first ? '' : file);
  return [...diagnostics].sort(
    (a, b) => (rank(a) < rank(b) ? -1 : rank(a) > rank(b) ? 1 : 0) || a.line - b.line || a.column - b.column,
  );
}
