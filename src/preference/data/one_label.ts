// Files of judged completions that are all wanted, or all unwanted: a loss that weighs the one against the other learns nothing.

import { attempt, sourceRows } from '../../supervised/data/rows.ts';
import { CookbookError } from '../../util/errors.ts';
import { shortPath } from '../../util/files.ts';
import type { JsonObject } from '../../util/json.ts';
import { unpairedReader } from './unpaired_rows.ts';

/** The loss that needs completions of either label. */
const WEIGHING_LOSS = 'kto';

/** Rows that are read to see whether labels differ; of longer files the run itself finds out. */
const READ = 1000;

/** What is wrong with labels that are all the same; null: nothing. `only` is null where they differ. */
export function oneLabelProblem(
  file: string,
  only: boolean | null,
  lossWeights: Readonly<Record<string, number>>,
): { message: string; hint: string } | null {
  if (only === null || (lossWeights[WEIGHING_LOSS] ?? 0) === 0) return null;
  return {
    message: `${shortPath(file)}: every label is ${only}, and ${WEIGHING_LOSS} learns from completions of both: there is none with the label ${!only}`,
    hint: only
      ? 'Add completions that are not wanted, or imitate the wanted ones with loss_fn=sft.'
      : 'Add completions that are wanted.',
  };
}

/** The label that all of the judged completions have; null where they differ, or there are none. */
export function onlyLabel(labels: Iterable<boolean>): boolean | null {
  const distinct = new Set(labels);
  const [only = null] = distinct;
  return distinct.size === 1 ? only : null;
}

/** The same of a file without building anything of it; null also for one that is too long to be looked through. */
export async function onlyLabelOf(file: string, columns: JsonObject | null): Promise<boolean | null> {
  const names = Object.entries(columns ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  const read = unpairedReader({ columns: Object.fromEntries(names) });
  const labels = new Set<boolean>();
  let rows = 0;
  try {
    for await (const row of sourceRows(file, () => undefined)) {
      const outcome = attempt(row, read);
      if ('value' in outcome) labels.add(outcome.value.wanted);
      rows += 1;
      if (rows === READ || labels.size > 1) return null;
    }
  } catch (error) {
    // What keeps a file from being read is for the check of the dataset to tell.
    if (error instanceof CookbookError) return null;
    throw error;
  }
  return onlyLabel(labels);
}
