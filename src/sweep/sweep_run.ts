// One run that a sweep asks for, by what its point sets and what it starts from.

import type { Producer } from '../spec/stage_identity.ts';
import type { Configuration } from './space.ts';

/** A run that a sweep asks for. Its spec is made anew where it is needed: a hundred thousand of them would fill the memory. */
export interface SweepRun {
  /** What the point sets that decides this run: of a stage, neither what later stages nor what others beside it are given. */
  configuration: Configuration;
  /** All that the point sets. */
  point: Configuration;
  seed: number;
  /** Null where the base is a single run. */
  stage: string | null;
  /** The runs of the stages that it starts from. */
  after: readonly StageRun[];
  /** Those of its identity. */
  hash: string;
  config_hash: string;
  /** Null where the spec does not say. */
  max_steps: number | null;
}

/** A run that others start from, before it is known where it lies. */
export type StageRun = Omit<Producer, 'directory'>;
