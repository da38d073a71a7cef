// Means over tokens that are told of a step, kept as sums until all of its parts are there.

import type { Metrics } from '../training/types.ts';

export interface Share {
  total: number;
  count: number;
}

/** Of each metric what every datum adds to it. */
export type WeightedMeans = Record<string, readonly Share[]>;

/** The means of a step whose parts are these. Of nothing there is no mean. */
export function meansOf(parts: readonly WeightedMeans[]): Metrics {
  const shares = new Map<string, Share>();
  for (const [name, added] of parts.flatMap((part) => Object.entries(part))) {
    const share = shares.get(name) ?? { total: 0, count: 0 };
    for (const { total, count } of added) {
      share.total += total;
      share.count += count;
    }
    shares.set(name, share);
  }
  return Object.fromEntries(
    [...shares].flatMap(([name, { total, count }]) => (count === 0 ? [] : [[name, total / count]])),
  );
}
