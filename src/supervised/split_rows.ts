// Rows of a file in two parts, one to train on and one that is held out, and what has to hold before any row is read.

import type { Renderer } from '../renderers/types.ts';
import { ConfigurationError, DataValidationError } from '../util/errors.ts';
import { shortPath } from '../util/files.ts';
import { permutation } from '../util/permutation.ts';
import type { DatasetContext } from './types.ts';

export interface SplitParams {
  file_path: string;
  test_size: number;
  test_file_path: string | null;
  shuffle_seed: number | null;
  /** How many rows of the test file to use, from the first; absent or null means all. */
  num_test_examples?: number | null;
}

/** Rows of one file, and the seeds of their order in each epoch; null keeps the order of the file. */
export interface RowPart<T> {
  rows: T[];
  file: string;
  shuffleSeeds: readonly number[] | null;
}

/** What rows are rendered with, and the length that they are cut to. `rows` is what an error calls them. */
export function renderingOf(
  { max_length }: { max_length: number | null },
  { renderer, maxContextLength }: Pick<DatasetContext, 'renderer' | 'maxContextLength'>,
  rows: string,
): { renderer: Renderer; maxLength: number } {
  if (renderer === null) throw new ConfigurationError(`${rows} need a renderer: set renderer, e.g. role_colon`);
  const maxLength = max_length ?? maxContextLength;
  if (maxLength > maxContextLength) {
    throw new ConfigurationError(
      `max_length ${maxLength} is more than the ${maxContextLength} tokens that the model takes`,
    );
  }
  return { renderer, maxLength };
}

/**
 * The held-out rows depend on the file and `shuffle_seed` alone, so that runs which differ in seed, length or renderer are
 * measured on the same rows; `seed` is that of the run. `load` gives one entry a row of the file, also for those of no use.
 */
export async function splitRows<T>(
  params: SplitParams,
  { seed }: { seed: number },
  load: (file: string) => Promise<T[]>,
): Promise<{ train: RowPart<T>; test: RowPart<T> | null }> {
  const { file_path: file, test_size: testSize, test_file_path: testFile, shuffle_seed: shuffleSeed } = params;
  if (testFile !== null && testSize > 0)
    throw new ConfigurationError('test_size and test_file_path both name a held-out set: leave one out');
  const rows = await load(file);
  if (testSize >= rows.length) {
    throw new DataValidationError(noRowsLeft(file, testSize, rows.length), {
      hint: 'Set dataset.test_size=0, or hold out fewer rows.',
    });
  }
  const order = shuffleSeed === null ? rows.map((_, index) => index) : permutation(rows.length, [shuffleSeed]);
  const at = (indices: readonly number[]) => indices.map((index) => rows[index]);
  const heldOut =
    testFile === null
      ? at(order.slice(0, testSize))
      : (await load(testFile)).slice(0, params.num_test_examples ?? undefined);
  const shuffleSeeds = shuffleSeed === null ? null : [seed, shuffleSeed];
  return {
    train: { rows: at(order.slice(testSize)), file, shuffleSeeds },
    test: heldOut.length === 0 ? null : { rows: heldOut, file: testFile ?? file, shuffleSeeds: null },
  };
}

export function noRowsLeft(file: string, testSize: number, rows: number): string {
  return `${shortPath(file)}: test_size ${testSize} leaves none of its ${rows} rows to train on`;
}
