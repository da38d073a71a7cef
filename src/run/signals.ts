// SIGINT and SIGTERM as a request to stop: the first is asked for, the second ends the process as it would without us.

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export interface StopRequest {
  readonly signal: AbortSignal;
  /** Gives the signals back to the system. */
  dispose(): void;
}

/** Listens until the first signal, which aborts. A process that was started with an IPC channel also stops when its parent is gone. */
export function stopOnSignals(): StopRequest {
  const controller = new AbortController();
  const dispose = () => {
    for (const name of SIGNALS) process.off(name, stop);
    process.off('disconnect', stop);
  };
  const stop = () => {
    dispose();
    controller.abort();
  };
  for (const name of SIGNALS) process.on(name, stop);
  process.on('disconnect', stop);
  // Undefined without such a channel; false when it was closed before anybody listened.
  if (process.connected === false) stop();
  return { signal: controller.signal, dispose };
}
