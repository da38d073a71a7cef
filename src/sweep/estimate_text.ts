// What a plan says of costs, to people: of one run, and of all that are to be run.

import { plural } from '../util/plural.ts';
import type { Estimates, RunEstimate } from './estimate.ts';

export interface TotalEstimate extends Omit<RunEstimate, 'without'> {
  /** Runs that are in it, and runs that nobody knows of what they take. */
  runs: number;
  unknown: number;
}

/** Null where nothing has a price. */
export function totalOf(estimates: Estimates): TotalEstimate | null {
  if (estimates.size === 0) return null;
  const known = [...estimates.values()].filter((estimate) => typeof estimate !== 'string');
  const metrics: Record<string, number> = {};
  for (const [name, value] of known.flatMap((estimate) => Object.entries(estimate.metrics))) {
    // A sum without one of its parts would pass for the whole.
    if (known.every((estimate) => name in estimate.metrics)) metrics[name] = (metrics[name] ?? 0) + value;
  }
  return {
    metrics,
    at_most: known.some(({ at_most }) => at_most),
    runs: known.length,
    unknown: estimates.size - known.length,
  };
}

/** `cost $0.042 in all: 105,300 tokens trained on, 4,200 tokens read; 2 runs are not in it`. */
export function totalText({ runs, unknown, ...total }: TotalEstimate): string {
  if (runs === 0) return 'cost unknown beforehand';
  const left = unknown === 0 ? '' : `; ${plural(unknown, 'run')} ${unknown === 1 ? 'is' : 'are'} not in it`;
  return `${costText(total, ' in all')}${left}`;
}

export function estimateText(estimate: RunEstimate | string): string {
  if (typeof estimate === 'string') return `cost unknown: ${estimate}`;
  const without = estimate.without.length === 0 ? '' : `; without ${estimate.without.join(', ')}`;
  return `${costText(estimate)}${without}`;
}

function costText({ metrics, at_most }: Pick<RunEstimate, 'metrics' | 'at_most'>, of = ''): string {
  const { 'cost/total': cost } = metrics;
  const price =
    cost === undefined
      ? 'cost unknown, for want of a price'
      : `cost ${at_most ? 'at most ' : ''}${DOLLARS.format(cost)}${of}`;
  const counts = KINDS.flatMap(([kind, done]) => {
    const count = metrics[`tokens/billed/${kind}`] ?? 0;
    return count === 0 ? [] : [`${COUNT.format(count)} tokens ${done}`];
  });
  return `${price}: ${counts.join(', ') || 'no tokens'}`;
}

const KINDS = [
  ['train', 'trained on'],
  ['sample', 'sampled'],
  ['prefill', 'read'],
] as const;

const DOLLARS = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD', maximumSignificantDigits: 3 });
const COUNT = new Intl.NumberFormat('en-US');
