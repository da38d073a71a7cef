// What a sweep asks of the place where its runs are run. The contract is the run directory; nothing else is passed.

import { defineSlot } from '../registry/slot.ts';
import type { RunEvent } from '../run/events.ts';

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
   * Runs a prepared run directory and resolves when the process has ended, however it ended: the verdict is the run
   * directory's status. An executor that submits in bulk gathers the calls of one turn of the event loop.
   * @throws CookbookError when no process could be started
   */
  run(directory: string, signals: RunSignals, onEvent: (event: RunEvent) => void): Promise<ProcessEnd>;
}

export interface ExecutorContext {
  /** At most so many runs at a time. */
  maxConcurrency: number;
}

export const executorSlot = defineSlot<ExecutorContext, Executor>({
  name: 'executor',
  doc: 'Where the runs of a sweep are run.',
});
