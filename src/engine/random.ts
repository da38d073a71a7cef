// Random numbers that depend on nothing but a seed and the names of what they are for.

import { createHash } from 'node:crypto';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/** A generator for one purpose, e.g. `randomFor(seed, 'sample', step, member)`. */
export function randomFor(seed: number, ...purpose: (string | number)[]): RandomGenerator {
  const digest = createHash('sha256')
    .update([seed, ...purpose].join('\0'))
    .digest();
  return xoroshiro128plus(digest.readInt32LE(0));
}

/** Uniform in [0, 1). */
export const nextUniform = (random: RandomGenerator): number => uniformFloat64(random);

/** Values uniform in ±bound. */
export function uniform(random: RandomGenerator, size: number, bound: number): Float32Array {
  return Float32Array.from({ length: size }, () => (2 * nextUniform(random) - 1) * bound);
}

/** Normal values with mean 0 (Box–Muller). */
export function gaussian(random: RandomGenerator, size: number, deviation: number): Float32Array {
  return Float32Array.from({ length: size }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - nextUniform(random)));
    return deviation * radius * Math.cos(2 * Math.PI * nextUniform(random));
  });
}
