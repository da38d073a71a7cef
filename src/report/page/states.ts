// How many runs are in each state, in the order in which states are told.

import { SEEN_STATES, type SeenState } from '../../run_files/types.ts';
import type { Summary } from '../summary.ts';

export interface StateCount {
  state: SeenState;
  n: number;
}

export function stateCounts(states: Summary['states']): StateCount[] {
  return SEEN_STATES.flatMap((state) => {
    const n = states[state];
    return n === undefined ? [] : { state, n };
  });
}
