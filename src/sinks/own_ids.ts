// The ids under which what lies in a directory is a run's own: in a run directory that is a copy, that of the original too.

import { realpath } from 'node:fs/promises';
import type { LoggedRun } from '../training/sink.ts';
import { isWithin } from '../util/files.ts';

/** The run's id first. A link that leads out of the run directory leads to what is the original's. @param directory one that is there */
export async function ownIdsIn(
  directory: string,
  run: Pick<LoggedRun, 'id' | 'copyOf' | 'directory'>,
): Promise<string[]> {
  const { id, copyOf } = run;
  if (copyOf === null) return [id];
  return isWithin(await realpath(directory), await realpath(run.directory)) ? [id, copyOf] : [id];
}
