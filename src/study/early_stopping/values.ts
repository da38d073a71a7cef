// What rules make of values: which of two is worse, and how a sentence tells them.

import type { Goal } from '../types.ts';

/** A value to compare by: what is no number, or is infinite in either direction, is worse than everything else. */
export const comparable = (value: number): number => (Number.isFinite(value) ? value : Number.POSITIVE_INFINITY);

/** A value in the sign of its metric: within a study the lower one of two is the better one, whatever the goal is. */
export const ofMetric = (value: number, goal: Goal): number => (goal === 'minimize' ? value : 0 - value);

const DIGITS = 4;
const MOST_DIGITS = 17;

/** Two values that differ, with as many digits as it takes to see that they do. */
export function told(value: number, other: number, goal: Goal): [string, string] {
  for (let digits = DIGITS; digits < MOST_DIGITS; digits++) {
    const [a, b] = [figure(value, goal, digits), figure(other, goal, digits)];
    if (a !== b) return [a, b];
  }
  return [figure(value, goal, MOST_DIGITS), figure(other, goal, MOST_DIGITS)];
}

export function figure(value: number, goal: Goal, digits = DIGITS): string {
  return String(Number(ofMetric(value, goal).toPrecision(digits)));
}
