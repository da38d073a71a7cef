// The place in a sweep for rules that give up on a run before its end.

import { defineSlot } from '../registry/slot.ts';

export interface EarlyStopping {
  /** Whether a run is worth going on with, given its objective at a step and those of the others so far. */
  keeps(run: string, step: number, objective: number): boolean;
}

export const earlyStoppingSlot = defineSlot<Record<never, never>, EarlyStopping>({
  name: 'early_stopping',
  doc: 'When a run of a sweep is given up before its end.',
});
