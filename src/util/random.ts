// Random numbers that depend on nothing but a seed and the names of what they are for.

import { createHash } from 'node:crypto';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';

/** A generator for one purpose, e.g. `randomFor(seed, 'sample', step, member)`. */
export function randomFor(seed: number, ...purpose: (string | number)[]): RandomGenerator {
  return xoroshiro128plus(digest(seed, purpose).readInt32LE(0));
}

/** A seed for one purpose, 0 ≤ seed < 2³¹: it can be handed to a service. */
export function seedFor(seed: number, ...purpose: (string | number)[]): number {
  return digest(seed, purpose).readUInt32LE(0) >>> 1;
}

/** Uniform in [0, 1). */
export const nextUniform = (random: RandomGenerator): number => uniformFloat64(random);

/** A whole number, uniform in 0 … count − 1. */
export const nextBelow = (random: RandomGenerator, count: number): number => uniformInt(random, 0, count - 1);

function digest(seed: number, purpose: readonly (string | number)[]): Buffer {
  return createHash('sha256')
    .update([seed, ...purpose].join('\0'))
    .digest();
}
