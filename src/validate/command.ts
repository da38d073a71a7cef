// cookbook validate: whether files are specs that could run, without running or writing anything.

import type { Registry } from '../registry/registry.ts';
import { checkStages } from '../run/check_data.ts';
import { createWeightsReader } from '../run_files/weights_reader.ts';
import { splitArguments } from '../spec/arguments.ts';
import { diagnose } from '../spec/diagnostics.ts';
import type { WeightsReader } from '../spec/digests.ts';
import { kindOfSpec, type LoadOptions, loadDocument } from '../spec/load.ts';
import { resolveDocument } from '../spec/pipeline.ts';
import { loadPlugins } from '../spec/plugins.ts';
import { checkSweep } from '../sweep/check.ts';
import { ConfigurationError, type Diagnostic, SpecError } from '../util/errors.ts';

interface CheckedFile {
  file: string;
  kind: 'run' | 'sweep';
}

export interface Validation {
  valid: CheckedFile[];
  /** What is wrong with the others, file by file. */
  diagnostics: Diagnostic[];
}

/** Files and `key.path=value` overrides for all of them, in any order. */
export async function validateCommand(
  argv: readonly string[],
  createRegistry: () => Registry,
  { cwd, env }: Omit<LoadOptions, 'overrides'>,
): Promise<Validation> {
  const { files, overrides } = splitArguments(argv, cwd);
  if (files.length === 0) throw new ConfigurationError('name at least one file to validate');
  const validation: Validation = { valid: [], diagnostics: [] };
  const weights = createWeightsReader();
  for (const file of files) {
    try {
      // A registry for each, since the plugins of one file are no business of another.
      const kind = await checkFile(file, { overrides, cwd, env }, createRegistry(), weights);
      validation.valid.push({ file, kind });
    } catch (error) {
      if (!(error instanceof SpecError)) throw error;
      validation.diagnostics.push(...error.diagnostics);
    }
  }
  return validation;
}

/** @throws SpecError with what is wrong with the spec, or with the data that it names */
async function checkFile(
  file: string,
  options: LoadOptions,
  registry: Registry,
  weights: WeightsReader,
): Promise<CheckedFile['kind']> {
  if ((await kindOfSpec(file, options.cwd)) === 'sweep') {
    await checkSweep(file, options, registry);
    return 'sweep';
  }
  const document = await loadDocument(file, options);
  await loadPlugins(document, registry);
  const issues = await checkStages(resolveDocument(document, registry, options.cwd, weights), registry);
  if (issues.length > 0) throw new SpecError(diagnose(document, issues));
  return 'run';
}
