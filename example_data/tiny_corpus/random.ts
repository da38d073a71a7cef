// A seeded stream of choices: the same seed gives the same choices on every machine.

import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

export class Random {
  readonly #generator;

  constructor(seed: number) {
    this.#generator = xoroshiro128plus(seed);
  }

  /** An integer, both bounds included. */
  integer(from: number, to: number): number {
    return uniformInt(this.#generator, from, to);
  }

  /** True in `percent` of all cases. */
  chance(percent: number): boolean {
    return this.integer(1, 100) <= percent;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length - 1)];
  }

  /** Distinct members, in random order. */
  sample<T>(items: readonly T[], count: number): T[] {
    const rest = [...items];
    return Array.from({ length: count }, () => rest.splice(this.integer(0, rest.length - 1), 1)[0]);
  }

  /** One of the items, each as likely as its weight (a whole number) is large. */
  weighted<T>(items: readonly (readonly [weight: number, item: T])[]): T {
    let left = this.integer(
      1,
      items.reduce((sum, [weight]) => sum + weight, 0),
    );
    const found = items.find(([weight]) => {
      left -= weight;
      return left <= 0;
    });
    return (found ?? items[0])[1];
  }
}
