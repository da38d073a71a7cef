// What a sweep asks of the place where its runs are run. The contract is the run directory; nothing else is passed.

import { defineSlot } from '../registry/slot.ts';
import type { Capacity, Resources } from './resources.ts';

/** The execution of one run, under way or waiting for its turn. */
export interface Job {
  /** What and where it is, as `process 4711`. */
  readonly description: string;
  /**
   * Resolves when it has ended, however that was, with what is known of it (`its process was killed by SIGKILL`): what to tell
   * of a run that left no word of its own. Null where somebody else has ended it on purpose, as by scancel: then the run is left
   * as it stands. The verdict is the status in the run directory. Never rejects.
   */
  readonly ended: Promise<string | null>;
  /** Resolves once it runs, or has ended; absent where it runs from the first. The time that it waits is not the run's. */
  readonly started?: Promise<void>;
  /** It is left to whoever takes it, and nobody may have by now; absent where it runs once it has started. */
  readonly isOffer?: boolean;
  /** Asks the run to finish its step, save a checkpoint and end. */
  stop(): Promise<void>;
  /** Ends it now. */
  kill(): Promise<void>;
}

export interface Executor {
  /** How many jobs are submitted at a time. Infinite where jobs wait in a queue of the executor's own. */
  readonly slots: number;
  /** What jobs share that run at a time. Absent where a queue of the executor's own sees to it. */
  readonly capacity?: Capacity;
  /**
   * Has prepared run directories executed, and returns their jobs in the same order. Each directory says in job.json, before,
   * that it is about to be submitted, and after, how to find its job. One that cannot be started is a job that has ended.
   * @param resources what each of them takes: as the context says, but for stages that the file gives another size
   */
  submit(directories: readonly string[], resources: Resources): Promise<Job[]>;
  /** The job that still runs in a directory, or waits to, if this executor can follow it: one whose sweep is gone. */
  attach(directory: string): Promise<Job | null>;
  /** How often the files of a run are looked at that other machines write; often enough for this one if absent. */
  readonly watchMs?: number;
  /** Gives back what is kept for more than one job, once all have ended. Absent where nothing is. */
  close?(): Promise<void>;
}

export interface ExecutorContext {
  /** The most runs that run at a time. */
  maxConcurrency: number;
  /** What a run takes. */
  resources: Resources;
}

export const executorSlot = defineSlot<ExecutorContext, Executor>({
  name: 'executor',
  doc: 'Where the runs of a sweep are run.',
});
