// `cookbook engine SOCKET`: the embedded engine for the runs of a sweep, which attach to it, until the sweep is gone and they are.

import { rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DEVICES } from '../engine/device.ts';
import { serveEngine } from '../engine/process/server.ts';
import { threadCount } from '../engine/session.ts';
import { stopOnSignals } from '../run/signals.ts';
import { ConfigurationError } from '../util/errors.ts';

/** The sweep is told when it listens. */
export async function engineCommand(socket: string, name: string): Promise<void> {
  const device = DEVICES.find((known) => known === name);
  if (device === undefined) throw new ConfigurationError(`there is no device ${name}: there is ${DEVICES.join(', ')}`);
  const stop = stopOnSignals();
  await stop.watched;
  try {
    const engine = await serveEngine({ socket, device, threads: threadCount(null) });
    process.send?.('listening');
    if (!stop.signal.aborted) {
      await new Promise((resolve) => stop.signal.addEventListener('abort', resolve, { once: true }));
    }
    // A run whose sweep is gone saves a checkpoint first.
    await engine.close();
    // It was made for the socket; whose sweep is gone cleans up after itself.
    await rmdir(dirname(socket)).catch(() => undefined);
  } finally {
    stop.dispose();
  }
}
