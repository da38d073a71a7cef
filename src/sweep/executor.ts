// What a sweep asks of the place where its runs are run. The contract is the run directory; nothing else is passed.

import { defineSlot } from '../registry/slot.ts';
import type { RunProgress } from './run_event.ts';

export interface RunSignals {
  /** Ask the run to finish its step, save a checkpoint and end. */
  stop: AbortSignal;
  /** End it now. */
  kill: AbortSignal;
}

/** How the process of a run ended: what to tell of one that left no word of its own in status.json. */
export interface ProcessEnd {
  exitCode: number | null;
  signal: string | null;
}

export interface Executor {
  /**
   * Runs a prepared run directory and resolves when its process has ended, however it ended: the verdict is the status in
   * the directory. An executor that submits in bulk gathers the calls of one turn of the event loop; one that cannot tell
   * how a run goes on never calls `onProgress`.
   */
  run(directory: string, signals: RunSignals, onProgress: (event: RunProgress) => void): Promise<ProcessEnd>;
}

export interface ExecutorContext {
  /** At most so many runs at a time. */
  maxConcurrency: number;
}

export const executorSlot = defineSlot<ExecutorContext, Executor>({
  name: 'executor',
  doc: 'Where the runs of a sweep are run.',
});
