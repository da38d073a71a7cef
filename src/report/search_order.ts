// Which search asked for the configurations of a table, and in which order.

import { dirname } from 'node:path';
import { readSweepSearch, searchText, trialsOf } from '../run_files/sweep_search.ts';
import type { RunEntry } from './run_entry.ts';
import type { Configuration, Summary } from './summary.ts';

export interface Asked {
  /** `random, given up by asha`. */
  by: string;
  /** The first trial, from 0, that had the configuration; null of one that none had. */
  trialOf(configuration: Configuration): number | null;
}

/** Null of a table whose runs are of no sweep, of several, or of one that runs all there is. */
export function askedFor({ configurations }: Summary, entries: readonly RunEntry[]): Asked | null {
  const names = new Set(configurations.flatMap(({ runs }) => runs.map(({ run }) => run)));
  const own = entries.filter(({ row }) => names.has(row.run));
  const sweeps = new Set(own.map(({ row }) => (row.sweep === null ? null : dirname(row.directory))));
  const [sweep = null] = sweeps;
  const by = sweeps.size === 1 && sweep !== null ? searchText(readSweepSearch(sweep)) : null;
  if (by === null || sweep === null) return null;
  const trials = trialsOf(sweep);
  const byRun = new Map(own.map(({ row }) => [row.run, trials.get(row.hash ?? '')]));
  return {
    by,
    trialOf({ runs }) {
      const numbers = runs.flatMap(({ run }) => byRun.get(run) ?? []);
      return numbers.length === 0 ? null : Math.min(...numbers);
    },
  };
}
