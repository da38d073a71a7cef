// Random tensors: the initial values of weights.

import type { RandomGenerator } from 'pure-rand/types/RandomGenerator';
import { nextUniform } from '../util/random.ts';

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
