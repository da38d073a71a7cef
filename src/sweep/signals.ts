// Signals to a sweep: the first stops its runs with checkpoints, the second ends them at once, a third ends the sweep itself.

import { stopOnSignals } from '../run/signals.ts';

export interface SweepSignals {
  stop: AbortSignal;
  kill: AbortSignal;
  /** Gives the signals back to the system. */
  dispose(): void;
}

export function sweepSignals(): SweepSignals {
  const first = stopOnSignals();
  let second: ReturnType<typeof stopOnSignals> | undefined;
  const kill = new AbortController();
  first.signal.addEventListener('abort', () => {
    second = stopOnSignals();
    second.signal.addEventListener('abort', () => kill.abort());
  });
  return {
    stop: first.signal,
    kill: kill.signal,
    dispose() {
      first.dispose();
      second?.dispose();
    },
  };
}
