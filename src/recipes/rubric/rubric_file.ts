// Prompts with rubrics from files.

import type { OnBadRow } from '../../supervised/data/options.ts';
import { readRows } from '../../supervised/data/rows.ts';
import { ConfigurationError } from '../../util/errors.ts';
import { permutation } from '../../util/permutation.ts';
import { readRubricRow } from './row.ts';
import type { RubricRows, RubricRowsContext } from './types.ts';

export interface RubricFileParams {
  file_path: string;
  test_file_path: string | null;
  test_size: number;
  on_bad_row: OnBadRow;
}

/** What is held out of a file is the same for every seed, so that runs compare. */
export async function readRubricFiles(
  { file_path, test_file_path, test_size, on_bad_row: onBadRow }: RubricFileParams,
  context: RubricRowsContext,
): Promise<RubricRows> {
  const read = async (file: string) =>
    (await readRows(file, { ...context, onBadRow }, readRubricRow)).filter((row) => row !== null);
  const all = await read(file_path);
  if (test_file_path !== null) {
    if (test_size > 0) throw new ConfigurationError('test_size and test_file_path both hold out: set one of them');
    return { train: all, test: await read(test_file_path) };
  }
  if (test_size >= all.length)
    throw new ConfigurationError(`test_size ${test_size} leaves none of ${all.length} rows to learn from`);
  const held = new Set(permutation(all.length, [0]).slice(0, test_size));
  return { train: all.filter((_, i) => !held.has(i)), test: all.filter((_, i) => held.has(i)) };
}
