// Directories that hold the same run: one identity is one replicate, however many copies of its directory lie about.

import { canonicalJson, type JsonObject, textOf } from '../util/json.ts';
import { isFinished } from './status.ts';
import type { SeenState } from './types.ts';

export interface IdentifiedRun {
  directory: string;
  /** Hash of its identity; null where it has none. */
  hash: string | null;
  state: SeenState;
  spec: JsonObject;
}

export interface Copy<Run> {
  run: Run;
  /** The directory that stands for both. */
  of: Run;
}

/** Of each run one directory, in the order given: a finished one before others, the one that the run was made in before a copy. */
export function withoutCopies<Run extends IdentifiedRun>(
  runs: readonly Run[],
): { kept: readonly Run[]; copies: Copy<Run>[] } {
  const chosen = new Map<string, Run>();
  for (const run of runs) {
    const key = keyOf(run);
    const other = chosen.get(key);
    if (other === undefined || precedence(run) < precedence(other)) chosen.set(key, run);
  }
  if (chosen.size === runs.length) return { kept: runs, copies: [] };
  const kept = runs.filter((run) => chosen.get(keyOf(run)) === run);
  const copies = runs.flatMap((run) => {
    const of = chosen.get(keyOf(run));
    return of === undefined || of === run ? [] : { run, of };
  });
  return { kept, copies };
}

/** The Python cookbook writes no identity, but where it ran: two directories that say the same of that are one run. */
function keyOf({ hash, directory, spec }: IdentifiedRun): string {
  if (hash !== null) return hash;
  return textOf(spec.log_path) === null ? directory : canonicalJson(spec);
}

function precedence({ state, directory, spec }: IdentifiedRun): number {
  const finished = isFinished(state) ? 0 : 2;
  return finished + (spec.log_path === directory ? 0 : 1);
}
