// The runs of a trial: those of its configuration, a seed each, resolved and with their identities.

import type { DatasetRevisions } from '../../hub/dataset_revisions.ts';
import type { Registry } from '../../registry/registry.ts';
import { diagnosticAt } from '../../spec/diagnostics.ts';
import type { Digests } from '../../spec/digests.ts';
import type { LoadOptions } from '../../spec/load.ts';
import { parsePath } from '../../spec/path.ts';
import type { Stage } from '../../spec/pipeline.ts';
import { identifyStages } from '../../spec/stage_identity.ts';
import type { Parameter, Point, Space } from '../../study/types.ts';
import { SpecError } from '../../util/errors.ts';
import { fieldKindAt } from '../field_kind.ts';
import { PointResolver } from '../point.ts';
import { isPriced, RUNTIME, type SweepRuns, seedsOf, stagesWith } from '../runs.ts';
import { type Configuration, fieldPath } from '../space.ts';
import { type References, referencesOf, stageRuns } from '../stage_runs.ts';
import type { SweepFile } from '../sweep_file.ts';
import type { SweepRun } from '../sweep_run.ts';

/** How a member of a population goes on. */
export interface Line {
  /** Of this trial alone. */
  steps: number;
  /** The directories of the runs whose weights it begins with, a seed each; none for the first generation. */
  parents: readonly string[];
}

export class TrialRuns {
  readonly stagesOf: SweepRuns['stagesOf'];
  /** Of those that were resolved so far. */
  hasPrices = false;
  readonly #sweep: SweepFile;
  readonly #registry: Registry;
  readonly #digests: Digests;
  readonly #resolver: PointResolver;
  readonly #references: References;

  constructor(
    sweep: SweepFile,
    registry: Registry,
    { digests, revisions, ...options }: LoadOptions & { digests: Digests; revisions?: DatasetRevisions | undefined },
  ) {
    this.#sweep = sweep;
    this.#registry = registry;
    this.#digests = digests;
    this.#resolver = new PointResolver(sweep, registry, { ...options, weights: digests.weights, revisions });
    this.#references = referencesOf(sweep);
    this.stagesOf = stagesWith(this.#resolver);
  }

  /** Each run once, behind those that it starts from. @throws SpecError with everything that is wrong */
  of(configuration: Configuration, line: Line | null = null): SweepRun[] {
    const runs = new Map<string, SweepRun>();
    for (const [i, seed] of (seedsOf(this.#sweep.fields) ?? [undefined]).entries()) {
      const point = line === null ? configuration : [...configuration, ...this.#continued(line, i)];
      const identified = identifyStages(this.#stages(point, seed), this.#registry, this.#digests);
      for (const run of stageRuns(identified, point, this.#references)) {
        // What it goes on from is told by its place in the study: names and tables have what was drawn.
        runs.set(run.hash, line === null ? run : { ...run, configuration });
      }
    }
    return [...runs.values()];
  }

  /** What makes a run go on from that of its parent with the same place among its seeds. */
  #continued({ steps, parents }: Line, i: number): Configuration {
    const source = ['search'];
    const parent = parents[i];
    const from: Configuration =
      parent === undefined
        ? []
        : [{ field: 'load_checkpoint_path', value: { run: parent, checkpoint: 'final' }, source }];
    return [{ field: 'max_steps', value: steps, source }, ...from];
  }

  /**
   * Both ends of every range, a number between them, and all choices, one after another: what is wrong with a value is told before anything runs.
   * @throws SpecError
   */
  probe(space: Space, configurationOf: (point: Point) => Configuration): SweepRun[] {
    const first = drawn(space, new Map());
    const points = space.flatMap((parameter) =>
      [...extremes(parameter), ...between(parameter)].map((value) => {
        const fixed = new Map([[parameter.name, value]]);
        if (parameter.when !== null) fixed.set(parameter.when.parameter, parameter.when.choice);
        return drawn(space, fixed);
      }),
    );
    for (const point of points) this.#refuseRuntime(configurationOf(point));
    for (const point of points) this.#stages(configurationOf(point), undefined);
    return this.of(configurationOf(first));
  }

  #stages(configuration: Configuration, seed: number | undefined): readonly Stage[] {
    const { stages, diagnostics } = this.#resolver.resolve(configuration, { seed });
    if (stages === null) throw new SpecError(diagnostics);
    for (const { spec } of stages) this.hasPrices ||= isPriced(spec);
    return stages;
  }

  /** Of a base with stages any of them may be meant. */
  #refuseRuntime(configuration: Configuration): void {
    const stages = this.#stages(configuration, undefined);
    for (const assignment of configuration) {
      const path = parsePath(assignment.field) ?? [];
      const isRuntime = stages.every(({ name, spec }) => {
        const inStage = path[0] === 'stages' ? (path[1] === name ? path.slice(2) : null) : path;
        return inStage === null || fieldKindAt(spec, inStage, this.#registry) === 'runtime';
      });
      if (!isRuntime) continue;
      const at = fieldPath(assignment);
      throw new SpecError([diagnosticAt(this.#sweep.document.placeOf(at, 'key'), at, RUNTIME)]);
    }
  }
}

/** The lowest of what is not fixed. */
function drawn(space: Space, fixed: ReadonlyMap<string, number>): Point {
  const point: Record<string, number> = {};
  for (const parameter of space) {
    const { name, when } = parameter;
    if (when !== null && point[when.parameter] !== when.choice) continue;
    point[name] = fixed.get(name) ?? extremes(parameter)[0] ?? 0;
  }
  return point;
}

/** No whole number where a range has others: a field that takes none is told of. */
function between({ distribution }: Parameter): number[] {
  switch (distribution.kind) {
    case 'uniform':
    case 'log_uniform':
      return [distribution.low + (distribution.high - distribution.low) * Math.SQRT1_2];
    case 'normal':
      return [distribution.mean + distribution.sd * Math.SQRT1_2];
    case 'quantised':
      return [distribution.low + distribution.step];
    default:
      return [];
  }
}

function extremes({ distribution }: Parameter): number[] {
  if (distribution.kind === 'choice') return Array.from({ length: distribution.size }, (_, i) => i);
  if (distribution.kind === 'normal') return [distribution.mean];
  return [distribution.low, distribution.high];
}
