// What decides on the runs of a sweep, as its files say: which search asks for them in which order, and which rule gives up on them.

import { join } from 'node:path';
import { gridSearch } from '../study/search/grid.ts';
import { numberOf, objectOf, textOf } from '../util/json.ts';
import { printable } from '../util/printable.ts';
import { readForeignLines, readForeignObject } from './foreign_json.ts';

/** By the names of their builders; null where the sweep does not say, or has none. */
export interface SweepSearch {
  search: string | null;
  early_stopping: string | null;
}

export function readSweepSearch(sweepDirectory: string): SweepSearch {
  const { search, early_stopping } = readForeignObject(join(sweepDirectory, 'sweep.json')).value ?? {};
  return {
    search: textOf(objectOf(search).builder),
    early_stopping: textOf(objectOf(early_stopping).builder),
  };
}

/** `random, given up by asha`; null where all that there is is run to its end. */
export function searchText({ search, early_stopping }: SweepSearch): string | null {
  const name = search ?? gridSearch.name;
  if (early_stopping !== null) return printable(`${name}, given up by ${early_stopping}`);
  return name === gridSearch.name ? null : printable(name);
}

/** The number of the first trial, from 0, that each run was asked for, by the hash of the run. */
export function trialsOf(sweepDirectory: string): Map<string, number> {
  const trials = new Map<string, number>();
  for (const { event, trial, runs } of readForeignLines(join(sweepDirectory, 'study/events.jsonl')).objects) {
    const number = numberOf(trial);
    if (event !== 'asked' || number === null || !Array.isArray(runs)) continue;
    for (const hash of runs) if (typeof hash === 'string' && !trials.has(hash)) trials.set(hash, number);
  }
  return trials;
}
