// A run of a plan: what a sweep or a spec asks for against what lies on disk.

import type { RunSnapshot } from '../run_files/types.ts';
import type { Producer } from '../spec/stage_identity.ts';
import type { SweepRun } from './sweep_run.ts';

/**
 * - `new`: nothing there. - `done`: finished, divergence and early stops included. - `resume`: interrupted, killed, or created and never
 * started. - `retry`: failed. - `running`: a live process holds it. - `stale`: the same point lies there, but of other
 * contents or other fields of the base; it is run anew beside it.
 */
export const POINT_STATES = ['new', 'resume', 'retry', 'stale', 'running', 'done'] as const;
export type PointState = (typeof POINT_STATES)[number];

export interface PlannedRun extends SweepRun {
  after: readonly Producer[];
  /** Name of its directory, which is absolute. */
  name: string;
  directory: string;
  state: PointState;
  /** What lies in the directory, if anything. */
  found: RunSnapshot | null;
  /** The directory that makes it stale, and in what it differs. */
  stale: { directory: string; differences: string[] } | null;
}
