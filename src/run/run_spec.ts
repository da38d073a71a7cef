// A spec file to an executed run: loaded, checked, put into its directory, run.

import { basename } from 'node:path';
import type { Registry } from '../registry/registry.ts';
import { createInputs } from '../run_files/weights_reader.ts';
import { diagnose } from '../spec/diagnostics.ts';
import { identify } from '../spec/identity.ts';
import { isSweepSpec, loadDocument } from '../spec/load.ts';
import { loadPlugins } from '../spec/plugins.ts';
import { resolveRunSpec } from '../spec/resolve.ts';
import type { Environment } from '../spec/secrets.ts';
import { ConfigurationError, SpecError } from '../util/errors.ts';
import { programName } from '../util/program_name.ts';
import { checkTrainer } from './check_trainer.ts';
import type { ExecuteOptions } from './execute.ts';
import { type EndedRun, executeDirectory } from './execute_directory.ts';
import { type Ask, prepareRun } from './prepare.ts';
import { collectProvenance } from './provenance.ts';
import { makeRunRecord } from './record.ts';
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

/** Runs a spec in its `log_path`, or goes on with it there. */
export async function runFile(file: string, options: RunFileOptions): Promise<EndedRun> {
  return await executeDirectory(await prepareFile(file, options), options.registry, options);
}

/** Makes the run of a spec lie in its `log_path`, which is returned, ready to be executed. */
export async function prepareFile(
  file: string,
  { registry, overrides, cwd, env, argv, ask }: Omit<RunFileOptions, 'onEvent' | 'signal'>,
): Promise<string> {
  const document = await loadDocument(file, { overrides, cwd, env });
  if (isSweepSpec(document.value)) {
    throw new ConfigurationError(`${file} is the spec of a sweep, not of one run`, {
      hint: `Type "${programName(env)} sweep ${file}".`,
    });
  }
  await loadPlugins(document, registry);
  const inputs = createInputs();
  const spec = resolveRunSpec(document, registry, cwd, inputs.weights);
  const issues = await checkTrainer(spec, registry);
  if (issues.length > 0) throw new SpecError(diagnose(document, issues));
  const identity = identify(spec, registry, inputs);
  const makeRecord = async () => {
    const provenance = await collectProvenance(cwd);
    const headline = headlineOf(spec, registry);
    const record = makeRunRecord({ name: basename(spec.log_path), identity, spec, headline, provenance, argv });
    return { record, codeDiff: provenance.codeDiff };
  };
  await prepareRun({ spec, identity }, { registry, ask, makeRecord });
  return spec.log_path;
}
