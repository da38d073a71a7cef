// A spec file to the runs that it asks for: loaded, checked, put into their directories, run.

import { basename } from 'node:path';
import type { Registry } from '../registry/registry.ts';
import { refuseRunAround } from '../run_files/pipeline_directory.ts';
import { removeStopRequest } from '../run_files/stop_request.ts';
import { createInputs } from '../run_files/weights_reader.ts';
import { diagnose } from '../spec/diagnostics.ts';
import { isSweepSpec, loadDocument } from '../spec/load.ts';
import { pathInSpec, resolvePinned } from '../spec/pipeline.ts';
import { loadPlugins } from '../spec/plugins.ts';
import type { Environment } from '../spec/secrets.ts';
import { type IdentifiedStage, identifyStages } from '../spec/stage_identity.ts';
import type { Issue } from '../spec/types.ts';
import { ConfigurationError, SpecError } from '../util/errors.ts';
import { programName } from '../util/program_name.ts';
import { checkTrainer } from './check_trainer.ts';
import type { ExecuteOptions } from './execute.ts';
import { type EndedRun, executeDirectory } from './execute_directory.ts';
import { type Ask, carryOut, settle } from './prepare.ts';
import { collectProvenance, type Provenance } from './provenance.ts';
import { makeRunRecord, stageRecord } from './record.ts';
import { headlineOf } from './trainer.ts';

export interface RunFileOptions extends ExecuteOptions {
  registry: Registry;
  overrides: readonly string[];
  cwd: string;
  env: Environment;
  /** The command line behind the name of the program, to say how to go on. */
  argv: readonly string[];
  ask: Ask;
}

/** A run of a spec that lies in its directory, ready to be executed. */
export interface PreparedRun {
  /** Null where the spec is that of a single run. */
  stage: string | null;
  directory: string;
  /** The stages that it starts from. */
  after: readonly string[];
}

/** Runs a spec of a single run in its `log_path`, or goes on with it there. */
export async function runFile(file: string, options: RunFileOptions): Promise<EndedRun> {
  const [run, ...others] = await prepareFile(file, options);
  if (run === undefined || others.length > 0) throw new ConfigurationError(`${file} is the spec of several stages`);
  return await executeDirectory(run.directory, options.registry, options);
}

/**
 * Makes the runs of a spec lie in their directories, each behind those that it starts from. Questions about what lies there
 * already are asked now, and not hours later when a stage is reached.
 */
export async function prepareFile(
  file: string,
  { registry, overrides, cwd, env, argv, ask }: Omit<RunFileOptions, 'onEvent' | 'signal'>,
): Promise<PreparedRun[]> {
  const document = await loadDocument(file, { overrides, cwd, env });
  if (isSweepSpec(document.value)) {
    throw new ConfigurationError(`${file} is the spec of a sweep, not of one run`, {
      hint: `Type "${programName(env)} sweep ${file}".`,
    });
  }
  await loadPlugins(document, registry);
  const inputs = createInputs();
  const stages = await resolvePinned(document, registry, { cwd, weights: inputs.weights });
  const issues: Issue[] = [];
  for (const { name, spec } of stages) {
    for (const issue of await checkTrainer(spec, registry)) {
      issues.push({ ...issue, path: pathInSpec(name, issue.path) });
    }
  }
  if (issues.length > 0) throw new SpecError(diagnose(document, issues));
  refuseRunAround(stages);
  const wanted = identifyStages(stages, registry, inputs);
  // All questions and refusals come before anything is deleted.
  const settled: [IdentifiedStage, Awaited<ReturnType<typeof settle>>][] = [];
  for (const stage of wanted) settled.push([stage, await settle(stage, { registry, ask })]);
  let collected: Promise<Provenance> | undefined;
  for (const [stage, action] of settled) {
    const { name, spec, identity, producers } = stage;
    const makeRecord = async () => {
      collected ??= collectProvenance(cwd);
      const provenance = await collected;
      const headline = headlineOf(spec, registry);
      const ofStage = name === null ? undefined : stageRecord(name, producers);
      const about = { name: basename(spec.log_path), identity, spec, headline, provenance, argv, stage: ofStage };
      return { record: makeRunRecord(about), codeDiff: provenance.codeDiff };
    };
    await carryOut(action, stage, { makeRecord });
    await removeStopRequest(spec.log_path);
  }
  return stages.map(({ name, spec, after }) => ({ stage: name, directory: spec.log_path, after }));
}
