// The runs of a sweep: its configurations times its seeds, each resolved and with its identity; no two of them the same.

import type { FieldKind } from '../registry/fields.ts';
import type { Registry } from '../registry/registry.ts';
import { diagnose, diagnosticAt } from '../spec/diagnostics.ts';
import type { Digests } from '../spec/digests.ts';
import { Hasher } from '../spec/identity.ts';
import type { LoadOptions } from '../spec/load.ts';
import { parsePath, slashPath } from '../spec/path.ts';
import type { Issue, RunSpec, SpecDocument, SpecPath } from '../spec/types.ts';
import { type Diagnostic, formatDiagnostic, SpecError } from '../util/errors.ts';
import { axesOf, expand } from './expand.ts';
import { fieldKindAt } from './field_kind.ts';
import type { SweepFields } from './grammar.ts';
import { overriddenAxes } from './overridden_axes.ts';
import { PointResolver } from './point.ts';
import { type Assignment, type Axis, type Configuration, fieldPath, searchSlot } from './space.ts';
import type { SweepFile } from './sweep_file.ts';

/** A run that a sweep asks for. Its spec is made anew where it is needed: a hundred thousand of them would fill the memory. */
export interface SweepRun {
  configuration: Configuration;
  seed: number;
  /** Those of its identity. */
  hash: string;
  config_hash: string;
  /** Null where the spec does not say. */
  max_steps: number | null;
}

export interface SweepRuns {
  axes: readonly Axis[];
  /** Points of the axes that `exclude` took away, points that `include` added. */
  excluded: number;
  included: number;
  /** Replicates of each configuration; null when the sweep leaves the seed to the base. */
  seeds: number | null;
  runs: readonly SweepRun[];
  /** The spec of a run; its `log_path` is that of the sweep. */
  specOf(run: Pick<SweepRun, 'configuration' | 'seed'>): RunSpec;
}

/**
 * All runs of a sweep, in the order of the file, seeds innermost.
 * @throws SpecError with everything that is wrong with any of its points, each thing once
 */
export async function runsOf(
  sweep: SweepFile,
  registry: Registry,
  { digests, ...options }: LoadOptions & { digests: Digests },
): Promise<SweepRuns> {
  const { document, fields } = sweep;
  const { axes, issues } = axesOf(fields, document);
  refuse(document, issues);
  const idle = overriddenAxes(fields, axes, document, options.overrides);
  if (idle.length > 0) throw new SpecError(idle);
  const search = await registry.build(searchSlot, fields.search, {});
  const { expansion, issues: unmatched } = expand(fields, axes, search);
  refuse(document, [...unmatched, ...tooMany(expansion.configurations.length, fields)]);

  const resolver = new PointResolver(sweep, registry, { ...options, weights: digests.weights });
  const collection = new RunCollection(document, registry, digests);
  const seeds = seedsOf(fields);
  for (const configuration of expansion.configurations) {
    const { spec, diagnostics } = resolver.resolve(configuration);
    if (spec === null) collection.report(diagnostics);
    else collection.add(configuration, spec, seeds ?? [spec.seed]);
  }
  const { excluded, included } = expansion;
  return {
    axes,
    excluded,
    included,
    seeds: seeds?.length ?? null,
    runs: collection.finish(),
    specOf({ configuration, seed }) {
      const { spec, diagnostics } = resolver.resolve(configuration);
      if (spec === null) throw new SpecError(diagnostics);
      return withSeed(spec, seed);
    },
  };
}

function seedsOf({ seeds }: SweepFields): readonly number[] | null {
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

class RunCollection {
  readonly #document: SpecDocument;
  readonly #registry: Registry;
  readonly #hasher: Hasher;
  readonly #runs: SweepRun[] = [];
  readonly #configurations = new Map<string, Configuration>();
  readonly #diagnostics = new Map<string, Diagnostic>();
  /** By assignment, since the points share those. */
  readonly #kinds = new Map<Assignment, FieldKind>();

  constructor(document: SpecDocument, registry: Registry, digests: Digests) {
    this.#document = document;
    this.#registry = registry;
    this.#hasher = new Hasher(registry, digests);
  }

  add(configuration: Configuration, spec: RunSpec, seeds: readonly number[]): void {
    if (this.#refuseRuntime(configuration, spec)) return;
    const max_steps = typeof spec.max_steps === 'number' ? spec.max_steps : null;
    const hashesOf = this.#hasher.hashesOf(spec);
    for (const seed of seeds) {
      const { hash, config_hash } = hashesOf(seed);
      const twin = this.#configurations.get(hash);
      if (twin !== undefined) this.#reportTwins(configuration, twin);
      this.#configurations.set(hash, configuration);
      this.#runs.push({ configuration, seed, hash, config_hash, max_steps });
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
  #refuseRuntime(configuration: Configuration, spec: RunSpec): boolean {
    let refused = false;
    for (const assignment of configuration) {
      const { field } = assignment;
      const known = this.#kinds.get(assignment);
      const kind = known ?? fieldKindAt(spec, parsePath(field) ?? [], this.#registry);
      this.#kinds.set(assignment, kind);
      if (kind !== 'runtime') continue;
      refused = true;
      if (known === undefined) this.#reportAt(fieldPath(assignment), RUNTIME, 'key');
    }
    return refused;
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

const RUNTIME =
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
