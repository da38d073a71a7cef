// cookbook import: runs that other tools have kept, as run directories.

import { resolve } from 'node:path';
import { ConfigurationError, messageOf } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { plural } from '../util/plural.ts';
import { programName, quote } from '../util/program_name.ts';
import { readForeignRuns } from './find.ts';
import type { ForeignRun, Kind } from './foreign_run.ts';
import { type Change, type WrittenRun, writeForeignRun } from './write.ts';

export interface ImportOptions {
  to: string;
  cwd: string;
  /** Told of what could not be read. */
  notify(message: string): void;
}

export interface ImportedRun {
  kind: Kind;
  name: string;
  directory: string;
  steps: number;
  change: Change;
}

/** A run that could not be written, and why. */
export interface FailedRun {
  kind: Kind;
  name: string;
  error: string;
}

/**
 * A run that cannot be written keeps no other from being written.
 * @throws ConfigurationError for a source that is not there, and where no source holds a run
 */
export async function importCommand(
  sources: readonly string[],
  { to, cwd, notify }: ImportOptions,
): Promise<{ runs: ImportedRun[]; failed: FailedRun[]; lines: string[] }> {
  const place = resolve(cwd, to);
  const runs: ImportedRun[] = [];
  const failed: FailedRun[] = [];
  for (const source of sources) {
    for await (const { runs: found, problems } of readForeignRuns(source, cwd)) {
      for (const problem of problems) notify(problem);
      for (const run of found) {
        const { kind, name } = run;
        const written = await tried(run, place);
        if (written instanceof Error) {
          failed.push({ kind, name, error: written.message });
          notify(`${name} is left out: ${written.message}`);
        } else if (written !== null) runs.push({ kind, name, steps: run.rows.size, ...written });
        else notify(`${name}: something else lies in its place below ${shortPath(place)}, and is left alone`);
      }
    }
  }
  if (runs.length === 0 && failed.length === 0) {
    throw new ConfigurationError(`no runs of other tools in ${sources.join(', ')}`, {
      hint: 'Name a directory with TensorBoard event files, an MLflow file store (mlruns), a Trackio database, or a directory of W&B.',
    });
  }
  const count = (change: Change) => runs.filter((run) => run.change === change).length;
  const counts = `${count('new')} new, ${count('changed')} changed, ${count('unchanged')} as before`;
  const unwritten = failed.length === 0 ? '' : `, ${failed.length} could not be written`;
  return {
    runs,
    failed,
    lines: [
      ...runs.map(
        ({ kind, steps, change, directory }) =>
          `${change.padEnd(9)}  ${kind.padEnd(11)}  ${plural(steps, 'step').padEnd(12)}  ${shortPath(directory)}`,
      ),
      '',
      `${plural(runs.length, 'run')} (${counts})${unwritten}: ${programName()} report ${quote(shortPath(place))}`,
    ],
  };
}

/** Where it fails, why. */
async function tried(run: ForeignRun, place: string): Promise<WrittenRun | Error | null> {
  try {
    return await writeForeignRun(run, place);
  } catch (error) {
    return error instanceof Error ? error : new Error(messageOf(error));
  }
}
