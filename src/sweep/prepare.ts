// Puts a planned run into its directory before it is executed, exactly as it was planned.

import { basename, join } from 'node:path';
import pLimit from 'p-limit';
import type { Registry } from '../registry/registry.ts';
import { prepareRun } from '../run/prepare.ts';
import { collectProvenance, type Provenance } from '../run/provenance.ts';
import { makeRunRecord, stageRecord } from '../run/record.ts';
import { headlineOf } from '../run/trainer.ts';
import { takeLease } from '../run_files/lease.ts';
import type { DeclaredObjective, SweepObjective } from '../run_files/objective.ts';
import { judgedAmong } from '../run_files/producers.ts';
import { pendingStatus, readStatus, writeStatus } from '../run_files/status.ts';
import { removeStopRequest } from '../run_files/stop_request.ts';
import type { RunStatus } from '../run_files/types.ts';
import { createInputs } from '../run_files/weights_reader.ts';
import { identify } from '../spec/identity.ts';
import { digestsAfter } from '../spec/stage_identity.ts';
import type { Identity, RunSpec } from '../spec/types.ts';
import { CookbookError } from '../util/errors.ts';
import type { PlannedRun, SweepPlan } from './plan.ts';
import { RunPlaces } from './run_places.ts';
import { valuesOf } from './space.ts';
import { underSweepLease } from './sweep_directory.ts';

/** A file that a run's identity depends on is no longer what it was when the sweep was planned. */
class ChangedInputError extends CookbookError {
  override readonly code = 'CHANGED_INPUT';
}

/** A planned run, or a stage that one starts from. */
type Located = Pick<PlannedRun, 'directory' | 'hash'> & Partial<Pick<PlannedRun, 'found'>>;

export class Preparation {
  readonly #plan: SweepPlan;
  readonly #registry: Registry;
  readonly #argv: readonly string[];
  /** Hashes of the runs that the objective judges. */
  readonly #judged = new Set<string>();
  /** A process holds the sweep's lease once. */
  readonly #limit = pLimit(1);
  readonly #places: RunPlaces;
  #provenance: Promise<Provenance> | undefined;

  constructor(plan: SweepPlan, registry: Registry, argv: readonly string[]) {
    this.#plan = plan;
    this.#registry = registry;
    this.#argv = argv;
    this.#places = new RunPlaces(plan.log_path);
    this.expect(plan.runs);
  }

  /** Runs that a study has asked for since. */
  expect(runs: readonly PlannedRun[]): void {
    for (const { hash } of judgedAmong(runs, this.#plan.fields.objective?.stage)) this.#judged.add(hash);
  }

  /** Where a run lies: at its planned place, or where another sweep has created it since, under a name of its own. */
  async locate({ found = null, directory, hash }: Located): Promise<string> {
    if (found !== null) return directory;
    const there = await this.#places.of(hash);
    return there === undefined ? directory : join(this.#plan.log_path, there);
  }

  /**
   * Creates a run's directory unless it is there, and gives its record the runtime fields of today. Under the lease of the
   * sweep, so that of two sweeps that ask for one run one creates it.
   * @throws ChangedInputError when a file that the run depends on has changed since the plan
   */
  async prepare(run: PlannedRun): Promise<string> {
    const after = await Promise.all(
      run.after.map(async (stage) => ({ ...stage, directory: await this.locate(stage) })),
    );
    const located = { ...run, after };
    const spec = this.#plan.specOf(located);
    const inputs = this.#plan.inputs.changed() ? createInputs() : this.#plan.inputs;
    const identity = identify(spec, this.#registry, digestsAfter(after, inputs));
    if (identity.hash !== run.hash) throw new ChangedInputError(CHANGED);
    return await this.#limit(() => underSweepLease(this.#plan.log_path, () => this.#put(located, spec, identity)));
  }

  async #put(run: PlannedRun, resolved: RunSpec, identity: Identity): Promise<string> {
    const directory = await this.locate(run);
    const { name } = run;
    const stage = run.stage === null ? undefined : stageRecord(run.stage, run.after);
    const axes = valuesOf(run.configuration);
    const spec: RunSpec = { ...resolved, log_path: directory, if_exists: 'resume' };
    // What one stage is judged by says nothing of the others.
    const objective = this.#judged.has(run.hash) ? declared(this.#plan.fields.objective) : null;
    const makeRecord = async () => {
      this.#provenance ??= collectProvenance(process.cwd());
      const provenance = await this.#provenance;
      const headline = headlineOf(spec, this.#registry);
      const about = { name, identity, spec, headline, provenance, argv: this.#argv, axes, objective, stage };
      const record = makeRunRecord(about);
      return { record, codeDiff: provenance.codeDiff };
    };
    await prepareRun({ spec, identity }, { registry: this.#registry, ask: null, makeRecord });
    this.#places.made(basename(directory));
    return directory;
  }
}

/** Which stage it judges is a matter of the sweep. */
function declared(objective: SweepObjective | null): DeclaredObjective | null {
  return objective && { metric: objective.metric, goal: objective.goal, at: objective.at };
}

const CHANGED = 'a file that it depends on has changed since the sweep was planned; run the same command again';

/** Writes down the failure of a run whose process could not do so itself. */
export async function recordFailure(directory: string, error: NonNullable<RunStatus['error']>): Promise<void> {
  const lease = await takeLease(directory);
  try {
    const { value } = await readStatus(directory);
    const now = new Date().toISOString();
    await writeStatus(directory, {
      ...(value ?? pendingStatus()),
      state: 'failed',
      error,
      ended_at: now,
      updated_at: now,
    });
    // What asked it to stop was the end of its time.
    await removeStopRequest(directory);
  } finally {
    await lease.release();
  }
}
