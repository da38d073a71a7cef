// What a metric has come to from its first value, in percent or as a multiple only where that means something.

import type { Learned } from '../training/types.ts';
import { formatMetric } from './progress.ts';

/** Quantities that are positive by nature. A reward, a rate, or a sum that may have either sign is none, whatever its values are. */
const POSITIVE = /(^|[/_])(nll|bpb|perplexity|loss|seconds)$|^time\//;

/** Beyond a hundredfold either end is close to zero as the other one goes, and the percentage tells only that. */
const MOST_FOLD = 100;

/** Where more than doubled is said as a multiple, which reads at a glance. */
const DOUBLE = 2;

/** `2.31 → 1.12  (−52 %)`, `0.6 → 12.4  (×21)`, or the values alone. */
export function formatChange({ metric, before, after }: Learned): string {
  const values = `${formatMetric(before)} → ${formatMetric(after)}`;
  const fold = Math.max(before, after) / Math.min(before, after);
  const means = POSITIVE.test(metric) && Math.min(before, after) > 0 && fold < MOST_FOLD;
  const change = means ? relativeChange(after / before) : null;
  return change === null ? values : `${values}  (${change})`;
}

/** Null for a change that rounds to none. */
function relativeChange(ratio: number): string | null {
  if (ratio > DOUBLE) return `×${Number(ratio.toPrecision(2))}`;
  const percent = Math.abs(ratio - 1) * 100;
  const shown = percent < 1 ? percent.toFixed(1) : String(Math.round(percent));
  return Number(shown) === 0 ? null : `${ratio < 1 ? '−' : '+'}${Number(shown)} %`;
}
