// Problems of programming from files: those that are held out are never trained on, also where both files have them.

import type { OnBadRow } from '../../supervised/data/options.ts';
import { readRows } from '../../supervised/data/rows.ts';
import { DataValidationError } from '../../util/errors.ts';
import { plural } from '../../util/plural.ts';
import { type RowOptions, readCodeRow } from './row.ts';
import type { CodeTask } from './task.ts';

export interface TaskFiles extends RowOptions {
  file_path: string;
  test_file_path: string | null;
  on_bad_row: OnBadRow;
}

interface Listener {
  warn(message: string): void;
  notify?(message: string): void;
  signal?: AbortSignal;
}

export async function readCodeTasks(
  { file_path, test_file_path, on_bad_row: onBadRow, ...options }: TaskFiles,
  { warn, notify, signal }: Listener,
): Promise<{ train: CodeTask[]; test: CodeTask[] }> {
  const read = async (file: string) => {
    const rows = await readRows(file, { onBadRow, warn, notify, signal }, (row) => readCodeRow(row, options));
    const tasks = rows.filter((row) => row !== null);
    if (tasks.length === 0) throw new DataValidationError(`${file}: none of its ${rows.length} rows can be used`);
    return tasks;
  };
  const all = await read(file_path);
  const test = test_file_path === null ? [] : await read(test_file_path);
  const held = new Set(test.map(({ question }) => question));
  const train = all.filter(({ question }) => !held.has(question));
  if (train.length === 0) {
    throw new DataValidationError(`${file_path}: no problem is left to train on: ${test_file_path} holds them all`);
  }
  if (train.length < all.length) {
    notify?.(`${file_path}: ${plural(all.length - train.length, 'problem')} left out that ${test_file_path} holds too`);
  }
  return { train, test };
}
