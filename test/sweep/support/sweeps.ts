// Sweep files in a temporary directory, over the toy builders of the spec tests, and what planning them says.

import type { Registry } from '../../../src/registry/registry.ts';
import { makeRunRecord } from '../../../src/run/record.ts';
import { createRunDirectory } from '../../../src/run_files/directory.ts';
import { pendingStatus, writeStatus } from '../../../src/run_files/status.ts';
import type { RunStatus } from '../../../src/run_files/types.ts';
import { createDigests } from '../../../src/spec/digests.ts';
import { identify } from '../../../src/spec/identity.ts';
import { gridSearch } from '../../../src/study/search/grid.ts';
import { localExecutor } from '../../../src/sweep/executors/local.ts';
import type { PlannedRun } from '../../../src/sweep/plan.ts';
import { planSweep, type SweepPlan } from '../../../src/sweep/plan.ts';
import { valuesOf } from '../../../src/sweep/space.ts';
import { messageOf, SpecError } from '../../../src/util/errors.ts';
import { toyRegistry } from '../../spec/toys.ts';
import { DATA, type Files, spec, workspace } from '../../spec/workspace.ts';

export interface Given {
  overrides?: readonly string[];
  env?: Readonly<Record<string, string>>;
}

export function sweepRegistry(): Registry {
  const registry = toyRegistry();
  registry.add(gridSearch);
  registry.add(localExecutor);
  return registry;
}

/** The lines that the sweeps of the tests begin with. */
export const HEAD = 'base: run.yaml\nlog_path: runs/sweep\n';

/** A directory with a run spec and, over it, a sweep whose lines follow `HEAD`. */
export async function sweepWorkspace(sweep: string, files: Files = {}): Promise<string> {
  return await workspace({ ...DATA, 'run.yaml': spec(), 'sweep.yaml': HEAD + sweep, ...files });
}

export async function planned(directory: string, { overrides = [], env = {} }: Given = {}): Promise<SweepPlan> {
  return await planSweep('sweep.yaml', { overrides, cwd: directory, env }, sweepRegistry());
}

/** What each run of a plan sets, with its seed. */
export function points({ runs }: Pick<SweepPlan, 'runs'>): object[] {
  return runs.map(({ configuration, seed }) => ({ ...valuesOf(configuration), seed }));
}

/** What is wrong with `sweep.yaml`, as the user sees it, with the directory written `DIR`. */
export async function complaints(directory: string, given: Given = {}): Promise<string> {
  try {
    await planned(directory, given);
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    return messageOf(error).replaceAll(directory, 'DIR');
  }
  return 'nothing is wrong';
}

/** Puts a run of a plan on disk, as a sweep would have left it. */
export async function leave(
  plan: SweepPlan,
  run: PlannedRun | undefined,
  changes: Partial<RunStatus>,
): Promise<string> {
  if (run === undefined) throw new Error('the plan has fewer runs');
  const spec = { ...plan.specOf(run), log_path: run.directory };
  const record = makeRunRecord({
    name: run.name,
    identity: identify(spec, sweepRegistry(), createDigests()),
    spec,
    provenance: { versions: { cookbook: '0', node: '0', onnxruntime: null, platform: '' }, git: null, codeDiff: null },
    argv: [],
    axes: valuesOf(run.configuration),
  });
  await createRunDirectory(run.directory, record, null);
  await writeStatus(run.directory, { ...pendingStatus(), attempt: 1, ...changes });
  return run.directory;
}
