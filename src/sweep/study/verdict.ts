// What a run of a trial has come to, as far as the study is concerned, and what its trial has by all of its runs.

import type { StudyEvent } from '../../study/study.ts';

/**
 * - `finished`: at its own end. - `at_rung`: it trained as far as it may for now. - `given_up`: by a rule that watches its values.
 * - `failed`: nothing to go by, divergence included. - `unfinished`: to be gone on with.
 */
export interface Verdict {
  kind: 'finished' | 'at_rung' | 'given_up' | 'failed' | 'unfinished';
  value: number | null;
  /** Steps completed when it was judged; null = all. */
  step: number | null;
}

/** The event of a trial whose runs have all come to something; null where some of them are to be gone on with. */
export function eventOf(
  trial: number,
  verdicts: readonly Verdict[],
  goal: { rung: number; step: number } | null,
): StudyEvent | null {
  const has = (kind: Verdict['kind']) => verdicts.some((verdict) => verdict.kind === kind);
  if (has('unfinished')) return null;
  const value = meanOf(verdicts);
  if (has('failed')) return { event: 'told', trial, state: 'failed', value: null, step: null };
  if (has('at_rung') && goal !== null) return { event: 'reached', trial, ...goal, value };
  if (!has('given_up'))
    return { event: 'told', trial, state: value === null ? 'failed' : 'finished', value, step: null };
  // Seeds that came farther are not to be compared with where the others were.
  const given = verdicts.filter((verdict) => verdict.kind === 'given_up');
  const step = Math.min(...given.map((verdict) => verdict.step ?? Number.POSITIVE_INFINITY));
  return { event: 'told', trial, state: 'stopped', value: meanOf(given), step };
}

/** Over the seeds; null where one of them has no number. */
function meanOf(verdicts: readonly Verdict[]): number | null {
  let sum = 0;
  for (const { value } of verdicts) {
    if (value === null || !Number.isFinite(value)) return null;
    sum += value;
  }
  return verdicts.length === 0 ? null : sum / verdicts.length;
}
