// A run and its rows, as loggers are given them.

import type { LoggedRow, LoggedRun } from '../../src/training/sink.ts';

export function loggedRun(directory: string, fields: Partial<LoggedRun> = {}): LoggedRun {
  const spec = { trainer: 'toy', learning_rate: 0.1, dataset: { builder: 'file', path: null }, list: [1, 2] };
  const id = '0123456789abcdef0123456789abcdef';
  return {
    id,
    copyOf: null,
    directory,
    name: 'run',
    group: null,
    hash: 'abcdef012345',
    seed: 3,
    spec,
    commit: null,
    ...fields,
  };
}

/** The rows of the steps before one, with a loss that falls. */
export function rowsUpTo(end: number, time: number | null = Date.now()): LoggedRow[] {
  return Array.from({ length: end }, (_, step) => ({
    step,
    metrics: { loss: 1 / (step + 1), 'env/reward': step },
    time,
  }));
}
