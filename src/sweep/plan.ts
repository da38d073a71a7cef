// The plan: what a spec asks for against what lies on disk, run by run. It reads directories and starts nothing.

import { basename, dirname, join, sep } from 'node:path';
import pLimit from 'p-limit';
import { DatasetRevisions } from '../hub/dataset_revisions.ts';
import type { Registry } from '../registry/registry.ts';
import { identityDifferences } from '../run/if_exists.ts';
import { inspectRunDirectory } from '../run_files/directory.ts';
import { refuseRunAround } from '../run_files/pipeline_directory.ts';
import type { RunRecord, RunSnapshot } from '../run_files/types.ts';
import { createInputs } from '../run_files/weights_reader.ts';
import { diagnose } from '../spec/diagnostics.ts';
import { identify } from '../spec/identity.ts';
import { type LoadOptions, loadDocument } from '../spec/load.ts';
import { resolvePinned, type Stage } from '../spec/pipeline.ts';
import { loadPlugins } from '../spec/plugins.ts';
import { digestsAfter, identifyStages, type Producer } from '../spec/stage_identity.ts';
import type { Identity, RunSpec } from '../spec/types.ts';
import { ConfigurationError, SpecError } from '../util/errors.ts';
import { entriesOf, explainingFailure, shortPath } from '../util/files.ts';
import { canonicalJson, type JsonObject } from '../util/json.ts';
import type { SweepFields } from './grammar.ts';
import { type InputFiles, watchInputFiles } from './input_files.ts';
import { type Capacity, thisMachine } from './resources.ts';
import { runNamer } from './run_name.ts';
import { isPriced, runsOf, type SweepRuns } from './runs.ts';
import { unfitting } from './sizes.ts';
import { valuesOf } from './space.ts';
import { stageRun } from './stage_runs.ts';
import { loadSweep, type SweepFile } from './sweep_file.ts';
import type { StageRun, SweepRun } from './sweep_run.ts';

/** Few enough not to run out of file handles. */
const OPEN_AT_A_TIME = 32;

/**
 * - `new`: nothing there. - `done`: finished, divergence and early stops included. - `resume`: interrupted, killed, or created and never
 * started. - `retry`: failed. - `running`: a live process holds it. - `stale`: the same point lies there, but of other
 * contents or other fields of the base; it is run anew beside it.
 */
export const POINT_STATES = ['new', 'resume', 'retry', 'stale', 'running', 'done'] as const;
export type PointState = (typeof POINT_STATES)[number];

export interface PlannedRun extends SweepRun {
  after: readonly Producer[];
  /** Name of its directory, which is absolute. */
  name: string;
  directory: string;
  state: PointState;
  /** What lies in the directory, if anything. */
  found: RunSnapshot | null;
  /** The directory that makes it stale, and in what it differs. */
  stale: { directory: string; differences: string[] } | null;
}

export interface Plan {
  file: string;
  /** The directory that the runs lie in, or that of the one run. */
  log_path: string;
  runs: readonly PlannedRun[];
  /** Run directories below `log_path` that no point names. They are left alone. */
  orphans: readonly RunSnapshot[];
  /** Whether the service of any run says what it costs. */
  hasPrices: boolean;
  specOf(run: PlannedRun): RunSpec;
  identityOf(run: PlannedRun): Identity;
}

export interface SweepPlan extends Plan {
  fields: SweepFields;
  base: JsonObject;
  /** Where the number of runs comes from. */
  size: Omit<SweepRuns, 'runs' | 'stagesOf' | 'hasPrices'>;
  /** What the identities of the runs were read from. */
  inputs: InputFiles;
}

/**
 * The plan of a sweep file.
 * @throws SpecError with everything that is wrong with the sweep, its base or any of its points
 */
export async function planSweep(file: string, options: LoadOptions, registry: Registry): Promise<SweepPlan> {
  const sweep = await loadSweep(file, options, registry);
  refuseUnfitting(sweep);
  const inputs = watchInputFiles();
  const revisions = new DatasetRevisions();
  const {
    runs: wanted,
    stagesOf,
    hasPrices,
    ...size
  } = await runsOf(sweep, registry, { ...options, digests: inputs, revisions });
  const { fields, base } = sweep;
  const { log_path } = fields;
  const specOf = (run: PlannedRun) => {
    const places = new Map(run.after.map(({ stage, directory }) => [stage, directory]));
    return specIn(stagesOf(run, places), run);
  };
  const identityOf = (run: PlannedRun) => identify(specOf(run), registry, digestsAfter(run.after, inputs));
  const differences = (old: RunRecord, run: PlannedRun) =>
    identityDifferences(old, { spec: specOf(run), identity: identityOf(run) });
  const { runs, orphans } = await reconcile(log_path, wanted, differences);
  return { file, log_path, runs, orphans, hasPrices, specOf, identityOf, fields, base: base.value, size, inputs };
}

/** What the runs of a sweep share that run side by side; null where an executor has machines of its own. */
export function machineOf({ executor }: Pick<SweepFields['execution'], 'executor'>): Capacity | null {
  return executor.builder === 'local' ? thisMachine() : null;
}

function refuseUnfitting({ document, fields: { execution } }: SweepFile): void {
  const machine = machineOf(execution);
  const issues = machine === null ? [] : unfitting(execution, machine);
  if (issues.length > 0) throw new SpecError(diagnose(document, issues));
}

function specIn(stages: readonly Stage[], { stage, name }: PlannedRun): RunSpec {
  const found = stages.find((each) => each.name === stage);
  if (found === undefined) throw new Error(`${name} is no run of this plan`);
  return found.spec;
}

/** The plan of a run spec: a run that lies in `log_path` itself, or stages that lie under it. */
export async function planRun(file: string, options: LoadOptions, registry: Registry): Promise<Plan> {
  const document = await loadDocument(file, options);
  await loadPlugins(document, registry);
  const digests = createInputs();
  const stages = await resolvePinned(document, registry, { cwd: options.cwd, weights: digests.weights });
  refuseRunAround(stages);
  const runs: PlannedRun[] = [];
  const identities = new Map<string, Identity>();
  for (const stage of identifyStages(stages, registry, digests)) {
    const { spec, identity, producers } = stage;
    const found = await inspectRunDirectory(spec.log_path);
    const record = found?.record ?? null;
    const standing =
      found === null || record?.identity.hash === identity.hash
        ? there(found)
        : stale(
            found,
            record === null ? [found.problem ?? NO_RECORD] : identityDifferences(record, { spec, identity }),
          );
    const run = plannedRun(stageRun(stage, [], []), basename(spec.log_path), spec.log_path, standing);
    runs.push({ ...run, after: producers });
    identities.set(identity.hash, identity);
  }
  return {
    file,
    log_path: logPathOf(stages),
    runs,
    orphans: [],
    hasPrices: stages.some(({ spec }) => isPriced(spec)),
    specOf: (run) => specIn(stages, run),
    identityOf({ name, hash }) {
      const identity = identities.get(hash);
      if (identity === undefined) throw new Error(`${name} is no run of this plan`);
      return identity;
    },
  };
}

const NO_RECORD = 'it holds files, and no run.json that says what run they are of';

/** The directory of the one run, or that in which the stages lie. */
function logPathOf([first]: readonly Stage[]): string {
  const { log_path = '' } = first?.spec ?? {};
  return first?.name === null ? log_path : dirname(log_path);
}

async function reconcile(
  log_path: string,
  wanted: readonly SweepRun[],
  differences: (old: RunRecord, run: PlannedRun) => string[],
): Promise<Pick<Plan, 'runs' | 'orphans'>> {
  const snapshots = await snapshotsBelow(log_path);
  const named = new Map([...snapshots.keys()].map((name) => [identityIn(name), name]));
  const nameOf = runNamer(fieldsOf(wanted));
  const names = wanted.map(
    ({ hash, configuration, seed, stage }) => named.get(hash) ?? `${nameOf(configuration, seed, stage)}-${hash}`,
  );
  const claimed = new Set(names);
  const others = [...snapshots].filter(([name]) => !claimed.has(name)).map(([, snapshot]) => snapshot);
  const outdated = new Map(others.map((snapshot) => [pointOf(snapshot.record), snapshot]));
  const byHash = new Map(wanted.map(({ hash }, i) => [hash, names[i] ?? '']));
  const placed = (run: StageRun): Producer => ({ ...run, directory: log_path + sep + (byHash.get(run.hash) ?? '') });
  const runs = wanted.map((run, i): PlannedRun => {
    const name = names[i] ?? '';
    const found = snapshots.get(name) ?? null;
    const fresh = plannedRun(run, name, log_path + sep + name, there(found));
    const planned = run.stage === null ? fresh : { ...fresh, after: run.after.map(placed) };
    const old = found === null && outdated.size > 0 ? outdated.get(pointKey(run)) : null;
    return old?.record ? { ...planned, ...stale(old, differences(old.record, planned)) } : planned;
  });
  const accounted = new Set(runs.map((run) => run.stale?.directory));
  return { runs, orphans: others.filter(({ directory }) => !accounted.has(directory)) };
}

function fieldsOf(runs: readonly SweepRun[]): Set<string> {
  const fields = new Set<string>();
  for (const { configuration } of runs) for (const { field } of configuration) fields.add(field);
  return fields;
}

/** Field by field: spreading two objects into a third takes a microsecond, and there may be a hundred thousand. */
function plannedRun(
  { configuration, point, seed, stage, hash, config_hash, max_steps }: SweepRun,
  name: string,
  directory: string,
  { state, found, stale }: Standing,
): PlannedRun {
  const after = NOTHING;
  return {
    configuration,
    point,
    seed,
    stage,
    after,
    hash,
    config_hash,
    max_steps,
    name,
    directory,
    state,
    found,
    stale,
  };
}

const NOTHING: readonly Producer[] = Object.freeze([]);

type Standing = Pick<PlannedRun, 'state' | 'found' | 'stale'>;

function there(found: RunSnapshot | null): Standing {
  return { state: stateOf(found), found, stale: null };
}

function stale({ directory }: RunSnapshot, differences: string[]): Standing {
  return { state: 'stale', found: null, stale: { directory, differences } };
}

function stateOf(found: RunSnapshot | null): PointState {
  if (found === null) return 'new';
  if (found.live) return 'running';
  if (found.record === null) return 'retry';
  // What it had come to is lost; its checkpoints and its metrics tell the run where it goes on.
  if (found.status === null && found.problem !== null) return 'resume';
  switch (found.status?.state ?? 'pending') {
    case 'done':
    case 'stopped':
    case 'diverged':
      return 'done';
    case 'failed':
      return 'retry';
    case 'interrupted':
    case 'running':
      return 'resume';
    case 'pending':
      return 'new';
  }
}

const IDENTITY = /-([0-9a-f]{12})$/;

function identityIn(name: string): string | undefined {
  return IDENTITY.exec(name)?.[1];
}

function pointOf(record: RunRecord | null): string | null {
  return record === null ? null : keyOf(record.axes, record.identity.seed, record.stage?.name ?? null);
}

function pointKey({ configuration, seed, stage }: SweepRun): string {
  return keyOf(valuesOf(configuration), seed, stage);
}

/** What makes a run the same point as another, whatever else of it has changed. */
function keyOf(axes: RunRecord['axes'], seed: number, stage: string | null): string {
  return canonicalJson({ ...axes, seed, ...(stage === null ? {} : { stage }) });
}

/** The run directories of a sweep by name, in the order of their names. */
async function snapshotsBelow(log_path: string): Promise<Map<string, RunSnapshot>> {
  const entries = await explainingFailure('read', log_path, () => entriesOf(log_path));
  if (entries.some(({ name }) => name === 'run.json')) {
    throw new ConfigurationError(`${shortPath(log_path)} is the directory of a single run`, {
      hint: 'Give the sweep a log_path of its own: its runs lie under it.',
    });
  }
  const names = entries
    .filter((entry) => entry.isDirectory() && IDENTITY.test(entry.name))
    .map(({ name }) => name)
    .sort();
  const limit = pLimit(OPEN_AT_A_TIME);
  const snapshots = await Promise.all(names.map((name) => limit(() => inspectRunDirectory(join(log_path, name)))));
  return new Map(names.flatMap((name, i) => (snapshots[i] ? [[name, snapshots[i]]] : [])));
}
