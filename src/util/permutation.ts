// Seeded orders.

import { createHash } from 'node:crypto';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** The numbers 0 … length − 1 in an order that is a function of `length` and `seeds` alone. */
export function permutation(length: number, seeds: readonly number[]): number[] {
  // Hashed, because neighbouring seeds would give related streams.
  const seed = createHash('sha256').update(seeds.join('/')).digest().readInt32LE();
  const generator = xoroshiro128plus(seed);
  const order = Array.from({ length }, (_, index) => index);
  for (let last = length - 1; last > 0; last--) {
    const chosen = uniformInt(generator, 0, last);
    [order[last], order[chosen]] = [order[chosen], order[last]];
  }
  return order;
}

/** Passes over 0 … length − 1 without end, each in an order of its own: what stands at any index, of these arguments alone. */
export function cyclicOrder(length: number, seeds: readonly number[]): (index: number) => number {
  let latest: { cycle: number; order: number[] } = { cycle: -1, order: [] };
  return (index) => {
    const cycle = Math.floor(index / length);
    if (latest.cycle !== cycle) latest = { cycle, order: permutation(length, [...seeds, cycle]) };
    return latest.order[index % length];
  };
}
