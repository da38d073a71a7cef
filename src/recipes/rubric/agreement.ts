// How far a judge agrees with the truth: what is to be known of it before anybody learns from its scores.

import type { Metrics } from '../../training/types.ts';

/** What was judged, and what it is worth. */
export interface Judged {
  /** From 0 to 1; null where the judgement could not be read. */
  judge: number | null;
  truth: number;
}

/**
 * - `n`: judgements that could be read, and `unreadable`, the share that could not; those count nowhere else.
 * - `accuracy`: share in which both are on the same side of ½, and `kappa`, Cohen's: accuracy beyond what two would reach by chance
 *   who say yes as often as these; 0 for a judge that always says the same. Left out where both always say the same: it could not be otherwise.
 * - `false_positives`, `false_negatives`: shares of what is false, and of what is true, that the judge says the opposite of.
 * - `score_error`: mean of |judge − truth|.
 */
export function agreementMetrics(judged: readonly Judged[]): Metrics {
  const read = judged.flatMap(({ judge, truth }) => (judge === null ? [] : [{ judge, truth }]));
  const n = read.length;
  const counts: Metrics = { n, unreadable: judged.length === 0 ? 0 : 1 - n / judged.length };
  if (n === 0) return counts;
  const share = (
    of: readonly { judge: number; truth: number }[],
    is: (each: { judge: number; truth: number }) => boolean,
  ) => of.filter(is).length / of.length;
  const says = ({ judge }: { judge: number }) => judge >= 0.5;
  const isTrue = ({ truth }: { truth: number }) => truth >= 0.5;
  const accuracy = share(read, (each) => says(each) === isTrue(each));
  const [yes, right] = [share(read, says), share(read, isTrue)];
  const chance = yes * right + (1 - yes) * (1 - right);
  const [good, bad] = [read.filter(isTrue), read.filter((each) => !isTrue(each))];
  return {
    ...counts,
    accuracy,
    ...(chance === 1 ? {} : { kappa: (accuracy - chance) / (1 - chance) }),
    ...(bad.length === 0 ? {} : { false_positives: share(bad, says) }),
    ...(good.length === 0 ? {} : { false_negatives: share(good, (each) => !says(each)) }),
    score_error: read.reduce((sum, { judge, truth }) => sum + Math.abs(judge - truth), 0) / n,
  };
}
