// Gaussian processes: the point that promises the largest improvement, by a process through all that was measured.

import { nextUniform, randomFor } from '../../util/random.ts';
import type { Point, Question, Space, Trial } from '../types.ts';
import { fitProcess, type Process } from './gp_model.ts';
import { normalBelow, normalQuantile } from './normal_distribution.ts';
import { suggestSobol } from './sobol.ts';
import { pointOf, shareOf, valueAt, valueIn } from './values.ts';

/** Trials that the process goes through. */
const MOST = 200;
const SCATTERED = 500;
const ELITE = 8;
const CHILDREN = 16;
const ROUNDS = 7;
const LEAST = 2 ** -53;

export function suggestGp({ n_startup_trials }: { n_startup_trials: number }, question: Question): Point {
  const { space, trials, seed } = question;
  const told = trials.filter(({ state }) => state === 'finished' || state === 'stopped');
  if (told.length < Math.max(n_startup_trials, 1)) return suggestSobol(question);
  const byNumber = trials.toSorted((a, b) => a.number - b.number);
  const measured = mostTelling(byNumber.filter(({ state }) => state !== 'pending'));
  const isChoice = space.map(({ distribution }) => distribution.kind === 'choice');
  const x = measured.map(({ point }) => placeOf(space, point));
  const y = standardised(measured);
  const pending = byNumber.filter(({ state }) => state === 'pending').map(({ point }) => placeOf(space, point));
  let process = fitProcess(x, y, isChoice);
  if (pending.length > 0) {
    // They are taken to come out as expected, so that nothing is to be learned there any more.
    const believed = pending.map((place) => process(place).mean);
    process = fitProcess([...x, ...pending], [...y, ...believed], isChoice);
  }
  const known = x.map((place) => ({ place, mean: process(place).mean })).sort((a, b) => a.mean - b.mean);
  const random = randomFor(seed, 'gp', trials.length);
  return mostPromising(space, process, known, () => nextUniform(random));
}

/** The work grows with the cube of their number: of very many, the best and the latest. */
function mostTelling(trials: readonly Trial[]): Trial[] {
  if (trials.length <= MOST) return [...trials];
  const worth = ({ value }: Trial) => (Number.isFinite(value) ? (value ?? 0) : Number.MAX_VALUE);
  const ranked = trials.slice(0, -MOST / 2).sort((a, b) => worth(a) - worth(b));
  return [...ranked.slice(0, MOST / 2), ...trials.slice(-MOST / 2)];
}

/** Where a point lies in the unit cube. What is not there is in the middle: its parent tells the point apart. */
const placeOf = (space: Space, point: Point): number[] =>
  space.map(({ name, distribution }) => {
    const value = valueIn(point, name);
    return value === null ? 0.5 : Math.min(Math.max(shareOf(distribution, value), 0), 1);
  });

/** Values with mean 0 and standard deviation 1. What has no number is as bad as the worst, and nothing is worse than bad by far. */
function standardised(trials: readonly Trial[]): number[] {
  const finite = trials
    .flatMap(({ value }) => (value !== null && Number.isFinite(value) ? [value] : []))
    .sort((a, b) => a - b);
  const least = finite[0] ?? 0;
  const middle = finite[finite.length >> 1] ?? 0;
  const most = Math.min(finite.at(-1) ?? 0, middle + 2 * (middle - least));
  const values = trials.map(({ value }) =>
    value === null || Number.isNaN(value) ? most : Math.min(Math.max(value, least), most),
  );
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const sd = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  return values.map((value) => (value - mean) / (sd || 1));
}

/** The logarithm of the expected improvement, which tells small ones apart that are 0 as numbers. */
function logImprovement({ mean, sd }: { mean: number; sd: number }, best: number): number {
  const z = (best - mean) / sd;
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  const log = z > -6 ? Math.log(density + z * normalBelow(z)) : (-z * z) / 2 - Math.log(Math.sqrt(2 * Math.PI) * z * z);
  return log + Math.log(sd);
}

/**
 * Scattered places and neighbours of the best trials, then neighbours of the best of those, ever nearer.
 * @param known where trials were, the best first
 */
function mostPromising(
  space: Space,
  process: Process,
  known: readonly { place: readonly number[]; mean: number }[],
  uniform: () => number,
): Point {
  const best = known[0].mean;
  const scored = (place: readonly number[]) => {
    const point = pointOf(space, ({ distribution }, i) => valueAt(distribution, Math.min(place[i], 1 - LEAST)));
    return { place, point, score: logImprovement(process(placeOf(space, point)), best) };
  };
  const neighbour = (place: readonly number[], width: number) =>
    place.map((u, i) => {
      const moves = uniform() < Math.max(0.5, 1 / place.length);
      const draw = uniform();
      if (!moves) return u;
      if (space[i].distribution.kind === 'choice') return uniform() < 0.5 ? draw : u;
      return Math.min(Math.max(u + width * normalQuantile(Math.max(draw, LEAST)), 0), 1);
    });
  const scattered = Array.from({ length: SCATTERED }, () => space.map(() => uniform()));
  const near = known
    .slice(0, ELITE)
    .flatMap(({ place }) => Array.from({ length: CHILDREN }, () => neighbour(place, 0.1)));
  let elite = [...scattered, ...near].map(scored);
  for (let round = 0; ; round++) {
    elite = elite.sort((a, b) => b.score - a.score).slice(0, ELITE);
    if (round === ROUNDS) return elite[0].point;
    const width = 0.1 * 0.5 ** round;
    elite.push(
      ...elite.flatMap(({ place }) => Array.from({ length: CHILDREN }, () => scored(neighbour(place, width)))),
    );
  }
}
