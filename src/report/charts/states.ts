// Shapes that tell the states of runs apart wherever a chart marks them.

import type { SeenState } from '../../run_files/types.ts';

/** In the order of the legend; runs that are done have no mark. */
const SHAPES: ReadonlyMap<SeenState, string> = new Map([
  ['running', 'triangle-right'],
  ['diverged', 'cross'],
  ['failed', 'triangle-up'],
  ['killed', 'triangle-down'],
  ['interrupted', 'diamond'],
  ['stopped', 'square'],
]);

export const hasShape = (state: SeenState): boolean => SHAPES.has(state);

/** A scale of the shapes of those states that are there. */
export function stateShapes(states: readonly SeenState[]): { domain: string[]; range: string[] } {
  const shown = [...SHAPES].filter(([state]) => states.includes(state));
  return { domain: shown.map(([state]) => state), range: shown.map(([, shape]) => shape) };
}
