// Points of a scrambled Sobol sequence: they fill the space more evenly than random ones, and every prefix of them does.

import { seedFor } from '../../util/random.ts';
import type { Point, Question } from '../types.ts';
import { DIMENSIONS, owenScrambled, sobolAt } from './sobol_sequence.ts';
import { pointOf, valueAt } from './values.ts';

/** Every parameter has a dimension, there or not: what one trial leaves out does not move the others. */
export function suggestSobol({ space, trials, seed }: Pick<Question, 'space' | 'trials' | 'seed'>): Point {
  return pointOf(space, ({ distribution }, parameter) =>
    valueAt(distribution, coordinate(trials.length, parameter, seed)),
  );
}

/**
 * Of a space with more parameters than the sequence has dimensions, the next ones have the same dimensions again, with the points in
 * another order (padding, as of Burley 2020): even each for itself, and at random to one another. Scrambled as a coordinate is, the
 * first 2^k indices become as many that stand together.
 */
function coordinate(index: number, parameter: number, seed: number): number {
  const block = Math.floor(parameter / DIMENSIONS);
  const shuffled = block === 0 ? index : owenScrambled(index, seedFor(seed, 'sobol order', block));
  const scrambled = owenScrambled(sobolAt(shuffled, parameter % DIMENSIONS), seedFor(seed, 'sobol', parameter));
  return (scrambled + 0.5) / 2 ** 32;
}
