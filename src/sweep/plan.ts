// The plan: what a spec asks for against what lies on disk, run by run. It reads directories and starts nothing.

import { basename, dirname } from 'node:path';
import { DatasetRevisions } from '../hub/dataset_revisions.ts';
import type { Registry } from '../registry/registry.ts';
import { identityDifferences } from '../run/if_exists.ts';
import { inspectRunDirectory } from '../run_files/directory.ts';
import { refuseRunAround } from '../run_files/pipeline_directory.ts';
import type { RunRecord, RunSnapshot } from '../run_files/types.ts';
import { createInputs } from '../run_files/weights_reader.ts';
import { diagnose } from '../spec/diagnostics.ts';
import type { Digests } from '../spec/digests.ts';
import { identify } from '../spec/identity.ts';
import { type LoadOptions, loadDocument } from '../spec/load.ts';
import { resolvePinned, type Stage } from '../spec/pipeline.ts';
import { loadPlugins } from '../spec/plugins.ts';
import { digestsAfter, identifyStages } from '../spec/stage_identity.ts';
import type { Identity, RunSpec } from '../spec/types.ts';
import type { Proposal } from '../study/study.ts';
import { earlyStoppingSlot, searchSlot } from '../study/types.ts';
import { SpecError } from '../util/errors.ts';
import type { JsonObject } from '../util/json.ts';
import type { SweepFields } from './grammar.ts';
import { type InputFiles, watchInputFiles } from './input_files.ts';
import type { PlannedRun } from './planned_run.ts';
import { plannedRun, reconcile, stale, there } from './reconcile.ts';
import { type Capacity, thisMachine } from './resources.ts';
import { isPriced, runsOf, type SweepRuns } from './runs.ts';
import { unfitting } from './sizes.ts';
import { stageRun } from './stage_runs.ts';
import { askedRuns, type Before, enumeratedStudy, type StudyPlan, type StudyRuns } from './study/study_plan.ts';
import { loadSweep, type SweepFile } from './sweep_file.ts';
import type { SweepRun } from './sweep_run.ts';

export { type PlannedRun, POINT_STATES, type PointState } from './planned_run.ts';

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
  /** Where it decides as it goes on which runs there are, and how far they go; then `runs` are those that were asked for so far. */
  study: StudyPlan | null;
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
  const { swept, fields: named, study } = await wantedBy(sweep, registry, { ...options, digests: inputs, revisions });
  const { runs: wanted, stagesOf, hasPrices, ...size } = swept;
  const { fields, base } = sweep;
  const { log_path } = fields;
  const specOf = (run: PlannedRun) => {
    const places = new Map(run.after.map(({ stage, directory }) => [stage, directory]));
    return specIn(stagesOf(run, places), run);
  };
  const identityOf = (run: PlannedRun) => identify(specOf(run), registry, digestsAfter(run.after, inputs));
  const differences = (old: RunRecord, run: PlannedRun) =>
    identityDifferences(old, { spec: specOf(run), identity: identityOf(run) });
  const { runs, orphans } = await reconcile(log_path, wanted, { differences, fields: named, reopens: study === null });
  const placed = async (own: readonly SweepRun[]) =>
    (await reconcile(log_path, own, { differences, fields: named, look: 'own' })).runs;
  const asking = study && {
    ...study,
    runsOf: (proposal: Proposal, before: Before) => placed(study.runsOf(proposal, before)),
  };
  const made = { specOf, identityOf, fields, base: base.value, size, inputs };
  return { file, log_path, runs, orphans, hasPrices, ...made, study: asking };
}

type Loading = LoadOptions & { digests: Digests; revisions: DatasetRevisions };

/** The runs of a sweep as far as they are known, the fields that name them where these are not all, and the study that decides on more. */
async function wantedBy(
  sweep: SweepFile,
  registry: Registry,
  loading: Loading,
): Promise<{ swept: SweepRuns; fields?: readonly string[]; study: StudyRuns | null }> {
  const { fields } = sweep;
  const search = await registry.build(searchSlot, fields.search, {});
  const rule = fields.early_stopping && (await registry.build(earlyStoppingSlot, fields.early_stopping, {}));
  if (search.kind !== 'all') return await askedRuns(sweep, registry, { ...loading, search, rule });
  const swept = await runsOf(sweep, registry, loading);
  return { swept, study: rule && (await enumeratedStudy(sweep, swept, rule)) };
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
