// Whether files are specs that could run, without running or writing anything.

import type { Registry } from '../registry/registry.ts';
import { type Diagnostic, SpecError } from '../util/errors.ts';
import { diagnose } from './diagnostics.ts';
import type { WeightsReader } from './digests.ts';
import { kindOfSpec, type LoadOptions, loadDocument } from './load.ts';
import { loadPlugins } from './plugins.ts';
import { resolveRunSpec } from './resolve.ts';
import type { Issue, RunSpec } from './types.ts';

/** What is wrong with the data that a run spec names. */
export type CheckData = (spec: RunSpec, registry: Registry) => Promise<Issue[]>;

/** What the floors above know about specs. */
export interface Checks {
  data: CheckData;
  /** Throws a SpecError for a sweep file that cannot be planned, or with whose data something is wrong. */
  sweep(file: string, options: LoadOptions, registry: Registry, checkData: CheckData): Promise<void>;
}

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
  checks: Checks,
  weights?: WeightsReader,
): Promise<Validation> {
  const validation: Validation = { valid: [], diagnostics: [] };
  for (const file of files) {
    try {
      validation.valid.push(await validateFile(file, options, createRegistry(), checks, weights));
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
  checks: Checks,
  weights: WeightsReader | undefined,
): Promise<CheckedFile> {
  if ((await kindOfSpec(file, options.cwd)) === 'sweep') {
    await checks.sweep(file, options, registry, checks.data);
    return { file, kind: 'sweep' };
  }
  const document = await loadDocument(file, options);
  await loadPlugins(document, registry);
  const issues = await checks.data(resolveRunSpec(document, registry, options.cwd, weights), registry);
  if (issues.length > 0) throw new SpecError(diagnose(document, issues));
  return { file, kind: 'run' };
}
