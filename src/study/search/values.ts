// From numbers between 0 and 1 to the values of parameters, and from values to points that hold what is there and nothing else.

import type { Distribution, Parameter, Point, Space } from '../types.ts';
import { normalBelow, normalQuantile } from './normal_distribution.ts';

/** Values that lie on a grid: `low`, `low + step`, … */
export interface Grid {
  low: number;
  step: number;
  /** How many there are. */
  size: number;
}

/** Of whole and quantised numbers; null for others. The last value of a grid may lie below `high`. */
export function gridOf(distribution: Distribution): Grid | null {
  if (distribution.kind === 'int_uniform')
    return { low: distribution.low, step: 1, size: distribution.high - distribution.low + 1 };
  if (distribution.kind !== 'quantised') return null;
  const { low, high, step } = distribution;
  // (0.3 − 0.1)/0.1 is a little less than 2.
  return { low, step, size: Math.floor(((high - low) / step) * (1 + 1e-12) + 1e-9) + 1 };
}

/** 0.1 + 2·0.1 is 0.3 to a person, and so it is in names and identities of runs. */
export const gridValue = ({ low, step }: Grid, index: number): number => Number((low + index * step).toPrecision(15));

/** Of a range below it, no kernel has a width that is more than 0. */
const LEAST_RANGE = 1e-300;

/** How many values there are; infinitely many of a continuous one, unless its bounds are the same up to rounding. */
export function countOf(distribution: Distribution): number {
  if (distribution.kind === 'choice') return distribution.size;
  if (distribution.kind === 'normal') return distribution.sd < LEAST_RANGE ? 1 : Number.POSITIVE_INFINITY;
  const { kind, low, high } = distribution;
  const range = kind === 'log_uniform' ? Math.log(high) - Math.log(low) : high - low;
  return range < LEAST_RANGE ? 1 : (gridOf(distribution)?.size ?? Number.POSITIVE_INFINITY);
}

/** The value that has the share `u` of the distribution below it. @param u 0 ≤ u < 1 */
export function valueAt(distribution: Distribution, u: number): number {
  const grid = gridOf(distribution);
  if (grid !== null) return gridValue(grid, Math.min(Math.floor(u * grid.size), grid.size - 1));
  switch (distribution.kind) {
    case 'choice':
      return Math.min(Math.floor(u * distribution.size), distribution.size - 1);
    case 'normal':
      return distribution.mean + distribution.sd * normalQuantile(Math.max(u, Number.EPSILON / 2));
    case 'log_uniform': {
      const [low, high] = [Math.log(distribution.low), Math.log(distribution.high)];
      return within(distribution, Math.exp(low + u * (high - low)));
    }
    default:
      return within(distribution, distribution.low + u * (distribution.high - distribution.low));
  }
}

/** Sums and logarithms are rounded, and bounds are not. */
export const within = ({ low, high }: { low: number; high: number }, value: number): number =>
  Math.min(Math.max(value, low), high);

/** Whether it could have come from the distribution: a space may have been another one when a trial was asked for. */
export function isValueOf(distribution: Distribution, value: number): boolean {
  if (distribution.kind === 'normal') return Number.isFinite(value);
  if (distribution.kind === 'choice') return Number.isInteger(value) && value >= 0 && value < distribution.size;
  return value >= distribution.low && value <= distribution.high;
}

/** Asks for the value of each parameter that is there, parents first. */
export function pointOf(space: Space, valueFor: (parameter: Parameter, index: number) => number): Point {
  const values = new Map<string, number>();
  for (const [index, parameter] of space.entries()) {
    const { name, when } = parameter;
    if (when === null || values.get(when.parameter) === when.choice) values.set(name, valueFor(parameter, index));
  }
  // A name such as __proto__ is a field like any.
  return Object.fromEntries(values);
}

/** Null where the parameter is not there. */
export const valueIn = (point: Point, name: string): number | null =>
  Object.hasOwn(point, name) ? (point[name] ?? null) : null;

/** The share of the distribution below a value; of a value of a grid or of a choice, the middle of its part. */
export function shareOf(distribution: Distribution, value: number): number {
  if (countOf(distribution) === 1) return 0.5;
  const grid = gridOf(distribution);
  if (grid !== null) return (Math.round((value - grid.low) / grid.step) + 0.5) / grid.size;
  switch (distribution.kind) {
    case 'choice':
      return (value + 0.5) / distribution.size;
    case 'normal':
      return normalBelow((value - distribution.mean) / distribution.sd);
    case 'log_uniform': {
      const low = Math.log(distribution.low);
      return (Math.log(value) - low) / (Math.log(distribution.high) - low);
    }
    default:
      return (value - distribution.low) / (distribution.high - distribution.low);
  }
}
