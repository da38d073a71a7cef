// The place in a run spec for loggers: whoever keeps the rows of a run beside metrics.jsonl, for the tools that people look at
// runs with.

import { Type } from '@sinclair/typebox';
import { builderOf, runtime } from '../registry/fields.ts';
import { defineSlot } from '../registry/slot.ts';
import type { JsonObject } from '../util/json.ts';
import type { Metrics } from './types.ts';

/** What is known of a run whose rows are logged. Secrets stand in it by their names. */
export interface LoggedRun {
  /** Of this run directory from its first attempt to its end; another one after it was emptied, and of a copy of it. */
  id: string;
  /**
   * The id of the directory that this one was copied from, or null. What is kept under it within this directory was copied along
   * and is this run's; what is kept under it anywhere else is the original's.
   */
  copyOf: string | null;
  /** The run directory. */
  directory: string;
  /** Of run.json. */
  name: string;
  /** The directory's name of the sweep, or of the whole that it is a stage of; null for a run that stands alone. */
  group: string | null;
  /** Of its identity: runs that compute the same share it. */
  hash: string;
  seed: number;
  spec: JsonObject;
  /** The commit of the code, where it is known. */
  commit: string | null;
}

/** One row of metrics.jsonl. */
export interface LoggedRow {
  step: number;
  metrics: Metrics;
  /** When this attempt logged it, in milliseconds since 1970; null for a row of an earlier attempt. */
  time: number | null;
}

export type LoggedState = 'done' | 'stopped' | 'diverged' | 'interrupted' | 'failed';

/**
 * Somebody who keeps rows. Calls come one at a time. What is thrown is told once, and after a while `open` is called again:
 * it has to cope with whatever a call that failed, or a process that was killed, left behind.
 */
export interface Sink {
  /** Brings what is kept of the run to exactly these rows, each step once. */
  open(rows: readonly LoggedRow[]): Promise<void>;
  /** Rows behind those, in ascending order. */
  log(rows: readonly LoggedRow[]): Promise<void>;
  /** The attempt is over; nothing is called any more. */
  close(state: LoggedState): Promise<void>;
}

export interface SinkContext {
  run: LoggedRun;
  /** Where credentials are. */
  env: Readonly<Record<string, string | undefined>>;
  /** Aborted when nobody waits for the sink any more: what is under way is given up. */
  signal: AbortSignal;
  /** Something worth knowing: a name that had to be changed, where the run is to be seen. */
  tell(message: string): void;
}

export const sinkSlot = defineSlot<SinkContext, Sink>({
  name: 'sink',
  doc: 'Where the rows of metrics.jsonl go as well, for the tools that people look at runs with.',
});

export const loggersField = runtime(
  Type.Array(builderOf(sinkSlot), {
    default: [],
    description: 'Who gets the rows of metrics.jsonl as well: tensorboard, mlflow, trackio, wandb.',
  }),
);
