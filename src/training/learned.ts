// What a run has learned: the metrics of its headline, as they were first measured and as they stand at the end.

import type { Headline } from '../registry/headline.ts';
import type { Learned, Metrics } from './types.ts';

/** Read off the last row that has any of them: the final evaluation's where there is one, else that of the last step. */
export function whatWasLearned(rows: readonly Metrics[], headline: readonly Headline[]): Learned[] {
  const at = rows.findLastIndex((row) => headline.some(({ metric }) => typeof row[metric] === 'number'));
  return headline.flatMap(({ metric }) => {
    const after = rows[at]?.[metric];
    const before = rows.slice(0, at).find((row) => typeof row[metric] === 'number')?.[metric];
    return typeof before === 'number' && typeof after === 'number' ? [{ metric, before, after }] : [];
  });
}
