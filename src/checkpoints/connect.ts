// The service that a command about checkpoints talks to, for as long as the command takes.

import { ServiceCheckpoints } from '../tinker/http/checkpoints.ts';
import { openTransport } from '../tinker/http/open_transport.ts';
import type { Transport } from '../tinker/http/transport.ts';

export interface Surroundings {
  env: NodeJS.ProcessEnv;
  /** For people: what takes long, and what the service has said. */
  notify(message: string): void;
}

export interface Connection {
  transport: Transport;
  checkpoints: ServiceCheckpoints;
}

export async function connected<T>(
  base_url: string | null,
  surroundings: Surroundings,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const transport = await openTransport(base_url, surroundings);
  try {
    return await use({ transport, checkpoints: await ServiceCheckpoints.open(transport) });
  } finally {
    transport.close();
  }
}
