// What people read of the rollouts.

import type { RolledOutGroup } from './types.ts';

export interface Transcripts {
  /** Writes the groups of one iteration. `split`: `train`, or `eval/NAME`. */
  write(split: string, iteration: number, groups_P: readonly RolledOutGroup[]): Promise<void>;
}
