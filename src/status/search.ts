// What a sweep that is under way has come to: which search and rule decide on its runs, how many there may be, and which is the best.

import { join } from 'node:path';
import { type BestConfiguration, bestConfigurations, seedsByConfiguration } from '../run_files/configurations.ts';
import { readForeignObject } from '../run_files/foreign_json.ts';
import type { SweepObjective } from '../run_files/objective.ts';
import { sweepObjective } from '../run_files/seen_run.ts';
import { readSweepSearch, type SweepSearch, searchText } from '../run_files/sweep_search.ts';
import { configurationText, scoreText } from '../sweep/reporters/text.ts';
import { numberOf } from '../util/json.ts';
import { plural } from '../util/plural.ts';
import { printable } from '../util/printable.ts';

export interface SearchStanding extends SweepSearch {
  /** Where the sweep decides as it goes on which runs there are: how many at most. Else null. */
  most_runs: number | null;
  objective: SweepObjective | null;
  /** Of those that are over, several where they tie. */
  best: BestConfiguration[];
}

/** @param runs those of its plan */
export async function searchOf(directory: string, runs: readonly { config_hash: string }[]): Promise<SearchStanding> {
  const { most_runs } = readForeignObject(join(directory, 'sweep.json')).value ?? {};
  const objective = sweepObjective(directory);
  const ranked = objective && (await bestConfigurations(directory, seedsByConfiguration(runs), objective));
  return {
    ...readSweepSearch(directory),
    most_runs: numberOf(most_runs),
    objective,
    best: ranked?.best ?? [],
  };
}

/** What it has come to, for people; nothing of a plain grid that has no best yet. */
export function searchRows(standing: SearchStanding): [string, string][] {
  const { objective, best } = standing;
  const by = searchText(standing);
  const rows: [string, string][] = by === null ? [] : [['search', by]];
  const [first, ...others] = best;
  if (objective === null || first === undefined) return rows;
  const { metric, at } = objective;
  const label = printable(at === 'last' ? metric : `${metric} (${at})`);
  const tied = others.length === 0 ? '' : `, as good as ${plural(others.length, 'other')}`;
  return [...rows, ['best so far', `${configurationText(first)}: ${label} ${scoreText(first)}${tied}`]];
}
