// Whether files are specs that could run, without running or writing anything.

import type { Registry } from '../registry/registry.ts';
import { type Diagnostic, SpecError } from '../util/errors.ts';
import type { WeightsReader } from './digests.ts';
import { kindOfSpec, type LoadOptions, loadDocument } from './load.ts';
import { loadPlugins } from './plugins.ts';
import { resolveRunSpec } from './resolve.ts';

/** Throws a SpecError for a sweep file that cannot be planned. The floor above provides it. */
export type CheckSweep = (file: string, options: LoadOptions, registry: Registry) => Promise<void>;

interface CheckedFile {
  file: string;
  kind: 'run' | 'sweep';
}

export interface Validation {
  valid: CheckedFile[];
  /** What is wrong with the others, file by file. */
  diagnostics: Diagnostic[];
}

/** Checks each file with a registry of its own, since the plugins of one are no business of another. */
export async function validateFiles(
  files: readonly string[],
  options: LoadOptions,
  createRegistry: () => Registry,
  checkSweep: CheckSweep,
  weights?: WeightsReader,
): Promise<Validation> {
  const validation: Validation = { valid: [], diagnostics: [] };
  for (const file of files) {
    try {
      validation.valid.push(await validateFile(file, options, createRegistry(), checkSweep, weights));
    } catch (error) {
      if (!(error instanceof SpecError)) throw error;
      validation.diagnostics.push(...error.diagnostics);
    }
  }
  return validation;
}

async function validateFile(
  file: string,
  options: LoadOptions,
  registry: Registry,
  checkSweep: CheckSweep,
  weights: WeightsReader | undefined,
): Promise<CheckedFile> {
  if ((await kindOfSpec(file, options.cwd)) === 'sweep') {
    await checkSweep(file, options, registry);
    return { file, kind: 'sweep' };
  }
  const document = await loadDocument(file, options);
  await loadPlugins(document, registry);
  resolveRunSpec(document, registry, options.cwd, weights);
  return { file, kind: 'run' };
}
