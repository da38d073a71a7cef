// A value a little away from another one of its distribution.

import type { Distribution } from '../types.ts';
import { gridOf, gridValue, within } from './values.ts';

/** Multiplied, and within its bounds. What is counted moves by one at least; of a choice it is the one before or behind it. */
export function perturbed(distribution: Distribution, value: number, factor: number): number {
  if (distribution.kind === 'normal') return value * factor;
  if (distribution.kind === 'choice') {
    return within({ low: 0, high: distribution.size - 1 }, value + (factor < 1 ? -1 : 1));
  }
  const grid = gridOf(distribution);
  if (grid === null) return within(distribution, value * factor);
  const from = Math.round((value - grid.low) / grid.step);
  const to = Math.round((value * factor - grid.low) / grid.step);
  const upwards = value * factor >= value ? 1 : -1;
  const moved = to === from ? from + upwards : to;
  return gridValue(grid, within({ low: 0, high: grid.size - 1 }, moved));
}
