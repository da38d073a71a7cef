// Points drawn at random, each by itself: what every other search has to beat.

import { nextUniform, randomFor } from '../../util/random.ts';
import type { Point, Question } from '../types.ts';
import { pointOf, valueAt } from './values.ts';

/** Each parameter has a generator of its own, so that one that is added to a space leaves the others as they were. */
export function suggestRandom({ space, trials, seed }: Pick<Question, 'space' | 'trials' | 'seed'>): Point {
  return pointOf(space, ({ name, distribution }) =>
    valueAt(distribution, nextUniform(randomFor(seed, 'search', trials.length, name))),
  );
}
