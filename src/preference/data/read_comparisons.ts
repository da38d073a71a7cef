// The comparisons of a file, and what is worth knowing of them: what they were taken for, and how many are ties.

import { type RowPlace, readRows } from '../../supervised/data/rows.ts';
import { shortPath } from '../../util/files.ts';
import type { LabeledComparison } from '../types.ts';
import type { ComparisonFileParams } from './comparison_params.ts';
import { comparisonReader } from './rows.ts';

export interface FileListener {
  warn(message: string): void;
  notify?(message: string): void;
  /** Aborted when nobody waits for the rows any more. */
  signal?: AbortSignal;
}

/** One entry a row of the file: what `use` makes of its comparison, or null for a bad row that is skipped. */
export async function readComparisons<T>(
  file: string,
  { format, columns, on_bad_row: onBadRow }: Pick<ComparisonFileParams, 'format' | 'columns' | 'on_bad_row'>,
  { warn, notify, signal }: FileListener,
  use: (labeled: LabeledComparison, place: RowPlace) => T,
): Promise<(T | null)[]> {
  const reader = comparisonReader({ format, columns });
  let ties = 0;
  const rows = await readRows(file, { onBadRow, warn, notify, signal }, (row, place) => {
    const labeled = reader.read(row);
    const used = use(labeled, place);
    if (labeled.label === 'Tie') ties += 1;
    return used;
  });
  if (format === 'auto' && reader.format() !== null) notify?.(`${shortPath(file)}: read as ${reader.format()}`);
  tellTies(ties, { file, what: 'comparisons', of: rows.length, notify });
  return rows;
}

/** Metrics leave ties out, so that nothing else says how many there are. */
export function tellTies(
  ties: number,
  { file, what, of, notify }: { file: string; what: string; of: number; notify: FileListener['notify'] },
): void {
  if (ties > 0) notify?.(`${shortPath(file)}: ${ties} of ${of} ${what} ${ties === 1 ? 'is a tie' : 'are ties'}`);
}
