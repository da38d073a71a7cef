// The directories of single steps in a run directory, for what a loop leaves of a step beside its row of metrics.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { entriesOf, exists, explainingFailure, makeDirectory, writeFileAtomic } from '../util/files.ts';
import { writeLinesAtomic } from '../util/json_lines.ts';

const NAME = /^iteration_(\d{6,})$/;

/** `iteration_NNNNNN`, from the run directory. */
export function iterationName(step: number): string {
  return `iteration_${String(step).padStart(6, '0')}`;
}

/** The step of a directory by its name; null for any other name. */
export function iterationOf(name: string): number | null {
  const step = NAME.exec(name)?.[1];
  return step === undefined ? null : Number(step);
}

/** `lines`, without their line breaks, of a file that may be longer than a text can be. */
type IterationFile = { name: string } & ({ text: string } | { lines: Iterable<string> });

/** Writes files of a step by their names, each as a whole. */
export async function writeIterationFiles(
  logPath: string,
  step: number,
  files: readonly IterationFile[],
): Promise<void> {
  const directory = join(logPath, iterationName(step));
  await makeDirectory(directory);
  await Promise.all(
    files.map((file) => {
      const path = join(directory, file.name);
      return 'lines' in file ? writeLinesAtomic(path, file.lines) : writeFileAtomic(path, file.text);
    }),
  );
}

/** The newest file of this name, from the run directory; null where no step has one. */
export async function newestIterationFile(logPath: string, name: string): Promise<string | null> {
  const steps = (await entriesOf(logPath)).flatMap((entry) => iterationOf(entry.name) ?? []);
  for (const step of steps.sort((a, b) => b - a)) {
    const path = join(iterationName(step), name);
    if (await exists(join(logPath, path))) return path;
  }
  return null;
}

/** Deletes the directories of `step` and later steps: a run that goes on from there takes these steps anew. */
export async function dropIterations(logPath: string, step: number): Promise<void> {
  for (const { name } of await entriesOf(logPath)) {
    const iteration = iterationOf(name);
    if (iteration === null || iteration < step) continue;
    const directory = join(logPath, name);
    await explainingFailure('delete', directory, () => rm(directory, { recursive: true, force: true }));
  }
}
