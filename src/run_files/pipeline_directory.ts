// The directory that stages lie in.

import { dirname } from 'node:path';
import type { Stage } from '../spec/pipeline.ts';
import { ConfigurationError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { holdsRun } from './seen_run.ts';

/** @throws ConfigurationError where stages would lie inside of a run. */
export function refuseRunAround([first]: readonly Stage[]): void {
  if (first === undefined || first.name === null) return;
  const directory = dirname(first.spec.log_path);
  if (!holdsRun(directory)) return;
  throw new ConfigurationError(`${shortPath(directory)} is the directory of a single run`, {
    hint: 'Give the stages a log_path of their own: each lies under it.',
  });
}
