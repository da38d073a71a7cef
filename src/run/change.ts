// What a metric has come to from its first value, in percent only where that means something.

import type { Learned } from '../training/types.ts';
import { formatMetric } from './progress.ts';

/** Quantities that are positive by nature. A reward, a rate, or a sum that may have either sign is none, whatever its values are. */
const POSITIVE = /(^|[/_])(nll|bpb|perplexity|loss|seconds)$|^time\//;

/** Beyond a hundredfold either end is close to zero as the other one goes, and the percentage tells only that. */
const MOST_FOLD = 100;

/** `2.31 → 1.12  (−52 %)`, or without the percentage. */
export function formatChange({ metric, before, after }: Learned): string {
  const values = `${formatMetric(before)} → ${formatMetric(after)}`;
  const percent = percentChange({ metric, before, after });
  return percent === null ? values : `${values}  (${percent < 0 ? '−' : '+'}${Math.abs(percent)} %)`;
}

function percentChange({ metric, before, after }: Learned): number | null {
  const fold = Math.max(before, after) / Math.min(before, after);
  const means = POSITIVE.test(metric) && Math.min(before, after) > 0 && fold < MOST_FOLD;
  return means ? Math.round((after / before - 1) * 100) : null;
}
