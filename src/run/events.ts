// What a run tells while it goes on: the events of its training loop, and those of the run around it.

import type { Headline } from '../registry/headline.ts';
import type { RunStatus } from '../run_files/types.ts';
import type { TrainingEvent } from '../training/types.ts';

export type RunEvent =
  | TrainingEvent
  /** A process has begun to execute the run; `attempt` counts from 1, `headline` names the metrics that tell how it does. */
  | { type: 'attempt'; attempt: number; name: string; directory: string; headline: readonly Headline[] }
  /** The run is done, was stopped early, has diverged, or was interrupted. */
  | { type: 'finished'; status: RunStatus }
  | { type: 'failed'; status: RunStatus; hint: string | null };

export type RunListener = (event: RunEvent) => void;
