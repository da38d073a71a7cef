// Tables in which each run counts once: copies of a run directory are no replicates.

import { withoutCopies } from '../run_files/copies.ts';
import type { Grouping } from './grouping.ts';
import type { RunEntry } from './run_entry.ts';

/** Without the copies, and a notice for each: it is still a row of `runs`. */
export function dropCopies(groupings: readonly Grouping[]): { groupings: Grouping[]; notices: string[] } {
  const notices = new Set<string>();
  const kept = groupings.map((grouping) => {
    const cells = grouping.cells.map((cell) => {
      const runs = cell.entries.map((entry) => ({ ...entry.row, spec: entry.spec, entry }));
      const { kept, copies } = withoutCopies(runs);
      for (const { run, of } of copies.filter(({ run }) => !run.entry.isPlanned)) {
        notices.add(`${run.run} is a copy of ${of.run} and is not counted beside it`);
      }
      return { ...cell, entries: kept.map(({ entry }: { entry: RunEntry }) => entry) };
    });
    return { ...grouping, cells };
  });
  return { groupings: kept, notices: [...notices] };
}
